/**
 * What `stt status` shows: every worker that runs with this data folder, and what lies there for the next one. Asks and reads; changes
 * nothing.
 */
import { readdir } from 'node:fs/promises';
import { systemErrorCode } from '../../app-error.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { parseLetterName } from '../outbox/letter.ts';
import { refusedFolderOf } from '../outbox/letter-files.ts';
import { askStatus, findWorkers, type FoundWorker } from './control-client.ts';
import { parsePause, type Pause, pauseNow, readPauseText } from './pause-file.ts';
import type { WorkerStatus } from './worker-status.ts';

export type WorkersSeen = {
  workers: WorkerStatus[];
  /** They live, but do not answer. */
  silent: { worker: FoundWorker; reason: string }[];
  /** In force for all of them, and for those that start later. */
  pause: Pause | undefined;
  /** Letters on disk: of all workers together. */
  outbox: { waiting: number; refused: number };
};

/** @throws the system's error where this user may not look. */
export async function lookAtWorkers(paths: DataPaths, nowMs: number): Promise<WorkersSeen> {
  const found = await findWorkers(paths.workerControl);
  const replies = await Promise.all(found.map(async (worker) => ({ worker, reply: await askStatus(worker) })));
  return {
    workers: replies.flatMap(({ reply }) => (reply.kind === 'answered' ? [reply.value] : [])),
    silent: replies.flatMap(({ worker, reply }) => (reply.kind === 'silent' ? [{ worker, reason: reply.reason }] : [])),
    pause: pauseNow(parsePause((await readPauseText(paths.workerPause)) ?? ''), nowMs),
    outbox: {
      waiting: await countLetters(paths.outbox),
      refused: await countLetters(refusedFolderOf(paths.outbox)),
    },
  };
}

/** Running, able, and not broken. */
export function isWell({ workers, silent }: WorkersSeen): boolean {
  const isBroken = workers.some(({ closures }) => closures.some(({ why }) => why === 'broken'));
  return silent.length === 0 && !isBroken;
}

async function countLetters(folder: string): Promise<number> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile() && parseLetterName(entry.name) !== undefined).length;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return 0;
    throw error;
  }
}
