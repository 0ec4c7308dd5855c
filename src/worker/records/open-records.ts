/**
 * Keeps what this worker has done: `processed.csv` for spreadsheets, and a file of JSON lines a month for `stt stats`. It only
 * listens to events. A disk that is full or read-only costs records, and never stops or delays work.
 */
import path from 'node:path';
import { messageOf } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import { hideSecrets } from '../../hide-secrets.ts';
import type { Report } from '../worker-event.ts';
import { appendLine } from './append-line.ts';
import { processedHeader, processedLine } from './processed-line.ts';
import { isTaskEnd, taskRecordLine } from './task-record.ts';

export type Records = {
  /** Takes every event of the worker. */
  note: Report;
  /** Resolves when all that was noted is written, or told lost. */
  close: () => Promise<void>;
};

export type RecordsOptions = {
  /** Other workers may write into it too. */
  folder: string;
  processedCsv: string;
  clock: Pick<Clock, 'now'>;
  report: Report;
};

const warnEveryMs = 10 * 60_000;

export function openRecords({ folder, processedCsv, clock, report }: RecordsOptions): Records {
  let about = { model: '', worker: '' };
  let writing = Promise.resolve();
  let warnedAt = -Infinity;

  const append = async (...[file, line, header]: Parameters<typeof appendLine>): Promise<void> => {
    try {
      await appendLine(file, hideSecrets(line), header);
    } catch (error) {
      const now = clock.now();
      // Also where the clock was set back.
      if (Math.abs(now - warnedAt) < warnEveryMs) return;
      warnedAt = now;
      const message = `${file} cannot be written: ${messageOf(error)}. Work goes on; what is not written is missing in "stt stats".`;
      report({ event: 'warning', message });
    }
  };

  return {
    note(event) {
      if (event.event === 'started') about = { model: event.model, worker: event.worker };
      if (!isTaskEnd(event)) return;
      const now = clock.now();
      const line = taskRecordLine(event, now, about);
      const csv = processedLine(event);
      // One after the other, in the order of the events.
      writing = writing.then(async () => {
        await append(monthFile(folder, now), line);
        if (csv !== undefined) await append(processedCsv, csv, processedHeader);
      });
    },
    close: () => writing,
  };
}

/** `2026-11.jsonl`, of the month in UTC: the same for all who share the folder. */
export const monthFile = (folder: string, timeMs: number): string =>
  path.join(folder, `${new Date(timeMs).toISOString().slice(0, 7)}.jsonl`);
