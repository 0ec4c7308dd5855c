/** Whether the work folder has room for another recording: a full disk is not found out in the middle of one. */
import { mkdir, statfs } from 'node:fs/promises';
import { AppError } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import { exitCodes } from '../../exit-codes.ts';
import { diskError } from '../disk-error.ts';
import type { Report } from '../worker-event.ts';
import type { Notifier } from './notifier.ts';

/** A recording and its decoded audio need so much, but for the longest. */
export const leastFreeBytes = 64 * 1024 ** 2;
/** What is claimed ahead leaves this to the tasks in the slots, and to everybody else on this machine. */
export const leastFreeBytesAhead = 1024 ** 3;

export type DiskRoomOptions = {
  folder: string;
  /** Whether the recording would wait for a slot. */
  isAhead: () => boolean;
  /** Whether no other task is in hand, which could give room back. */
  isAlone: () => boolean;
  /** Waits until somebody makes room, instead of giving up. */
  isPatient: boolean;
  /** A task that ended may have given room back. */
  changes: Pick<Notifier, 'next'>;
  clock: Clock;
  report: Report;
  signal: AbortSignal;
};

const lookEveryMs = 30_000;

/**
 * Resolves when there is room, or when the signal aborts.
 * @throws AppError STT_DISK_FULL where there is none, and nobody would make any.
 */
export async function waitForDiskRoom(options: DiskRoomOptions): Promise<void> {
  const { folder, isAhead, isAlone, isPatient, changes, clock, report, signal } = options;
  let isTold = false;
  while (!signal.aborted) {
    const looked = new AbortController();
    const either = AbortSignal.any([signal, looked.signal]);
    // Before the look, or a change during it would be missed.
    const change = changes.next(either);
    const freeBytes = await freeBytesOrNone(options);
    if (freeBytes >= (isAhead() ? leastFreeBytesAhead : leastFreeBytes)) return looked.abort();
    if (freeBytes < leastFreeBytes) {
      const problem = tooLittle(folder, freeBytes);
      if (!isPatient && isAlone()) {
        looked.abort();
        throw problem;
      }
      if (!isTold) report({ event: 'warning', message: `${problem.message} No task is taken until there is more.` });
      isTold = true;
    }
    await Promise.race([change, clock.sleep(lookEveryMs, either)]);
    looked.abort();
  }
}

/** @throws AppError STT_DISK_FULL. */
export async function requireDiskRoom(folder: string): Promise<void> {
  const freeBytes = await freeBytesIn(folder);
  if (freeBytes < leastFreeBytes) throw tooLittle(folder, freeBytes);
}

/** A disk that cannot be looked at has no room: where nobody waits for it, that is what is wrong. */
async function freeBytesOrNone({ folder, isPatient }: DiskRoomOptions): Promise<number> {
  try {
    return await freeBytesIn(folder);
  } catch (error) {
    if (isPatient) return 0;
    throw diskError(`The work folder ${folder} cannot be used`, 'STT_WORK_FOLDER', error);
  }
}

async function freeBytesIn(folder: string): Promise<number> {
  // Somebody may have taken it away.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

const tooLittle = (folder: string, freeBytes: number): AppError =>
  new AppError(`Only ${Math.floor(freeBytes / 1024 ** 2)} MiB are free in ${folder}: too little for a recording.`, {
    code: 'STT_DISK_FULL',
    hint: 'Make room in the data folder, or set STT_DATA_DIR to a larger disk.',
    exitCode: exitCodes.ioError,
  });
