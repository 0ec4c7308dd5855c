/**
 * Appends log lines to one file a day (`YYYY-MM-DD.log`, local date). A disk that is full or gone neither ends nor stalls the
 * program: the lines are lost here and counted, standard output still has them, and it goes on by itself when there is room.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from './app-error.ts';

export type DailyLogFile = { write: (line: string) => void };

/** After a failure no write is tried for so long. */
const pauseMs = 1000;

/** `2026-11-22.log` in local time, as the ancestor names its files. */
export function dailyLogName(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}.log`;
}

/** @param complain gets one sentence when a failure begins. It must not throw. */
export function dailyLogFile(directory: string, now: () => Date, complain: (text: string) => void): DailyLogFile {
  let name = '';
  let descriptor: number | undefined;
  let failing: { lostLines: number; retryAt: number } | undefined;

  const append = (text: string): void => {
    const today = dailyLogName(now());
    if (descriptor === undefined || today !== name) {
      close();
      descriptor = openSync(path.join(directory, today), 'a', 0o640);
      name = today;
    }
    const bytes = Buffer.from(text);
    // Nearly full: the first part of a line fits, and the rest does not.
    if (writeSync(descriptor, bytes) < bytes.byteLength) throw new Error('a line fitted only in part');
  };
  const close = (): void => {
    if (descriptor === undefined) return;
    const old = descriptor;
    descriptor = undefined;
    closeSync(old);
  };

  return {
    write(line) {
      const at = now().getTime();
      // Also where the clock was set back.
      if (failing !== undefined && at < failing.retryAt && at >= failing.retryAt - pauseMs) {
        failing.lostLines += 1;
        return;
      }
      try {
        if (failing !== undefined) append(lostNotice(failing.lostLines, at));
        append(line);
        failing = undefined;
      } catch (error) {
        if (failing === undefined) {
          complain(`cannot write the log in ${directory}: ${messageOf(error)}; lines are lost until it can be written`);
        }
        failing = { lostLines: (failing?.lostLines ?? 0) + 1, retryAt: at + pauseMs };
        try {
          close();
        } catch {
          // What could not be written could not be flushed either; it is told already.
        }
      }
    },
  };
}

/** Begins a line of its own: what was written last may have been cut. */
function lostNotice(lostLines: number, time: number): string {
  return `\n${JSON.stringify({ level: 40, time, lostLines, msg: 'lines of this log could not be written' })}\n`;
}
