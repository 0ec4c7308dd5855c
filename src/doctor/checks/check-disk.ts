/**
 * Whether the data folder can be used: the folders the worker writes to are there or can be made, with room, on a disk that outlives
 * a restart. It looks only; nothing is made or written.
 */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../../app-error.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { exitCodes } from '../../exit-codes.ts';
import { leastFreeBytes, leastFreeBytesAhead } from '../../worker/pipeline/disk-room.ts';
import { diskError } from '../../worker/disk-error.ts';
import { type Checked, fail, failedWith, ok, warn } from '../finding.ts';
import { describeBytes } from './check-memory.ts';

export type FolderLook = {
  folder: string;
  /** The folder itself, or the nearest above it that is there. */
  nearest: string;
  /** Why it cannot be used. */
  error: unknown;
  freeBytes: number;
  /** False: no more files can be made, however much room there is. */
  hasFreeFiles: boolean;
  /** What is written there is gone with the next restart. */
  isInMemory: boolean;
};

export async function checkDisk(paths: DataPaths, shortPath: (file: string) => string): Promise<Checked> {
  const folders = [paths.folder, paths.work, paths.outbox, paths.workerControl, paths.workerRecords];
  return judgeDisk(await Promise.all(folders.map(lookAtFolder)), shortPath);
}

/** @param looks the data folder first. */
export function judgeDisk(looks: readonly FolderLook[], shortPath: (file: string) => string): Checked {
  const unusable = looks.find(({ error }) => error !== undefined);
  if (unusable !== undefined) {
    const { nearest, error } = unusable;
    return failedWith(diskError(`The folder ${nearest} cannot be used`, 'STT_DISK', error));
  }
  const folder = shortPath(looks[0]?.folder ?? '');
  const freeBytes = Math.min(...looks.map((look) => look.freeBytes));
  const free = Number.isFinite(freeBytes)
    ? `${describeBytes(freeBytes)} free in ${folder}`
    : `${folder} can be used; its disk does not say how much is free`;
  const room = 'Make room in the data folder, or set STT_DATA_DIR to a larger disk.';
  if (freeBytes < leastFreeBytes) return fail(`only ${free}`, room, 'STT_DISK_FULL', exitCodes.ioError);
  if (looks.some((look) => !look.hasFreeFiles)) {
    return fail(
      `no more files can be made in ${folder}: the disk has no inodes left`,
      room,
      'STT_DISK_FULL',
      exitCodes.ioError,
    );
  }
  if (freeBytes < leastFreeBytesAhead) return warn(`only ${free}: no recordings are fetched ahead`, room, undefined);
  if (looks.some((look) => look.isInMemory)) {
    const fix =
      'Set STT_DATA_DIR to a real disk: a restart would take models, and transcripts that wait to be delivered.';
    return warn(`${free}, but it lies in memory (tmpfs)`, fix, undefined);
  }
  return ok(looks[0]?.nearest === looks[0]?.folder ? free : `${free}, which is not there yet`, undefined);
}

async function lookAtFolder(folder: string): Promise<FolderLook> {
  const nearest = await nearestThere(folder);
  const seen = { folder, nearest: nearest.folder, freeBytes: Infinity, hasFreeFiles: true, isInMemory: false };
  if (nearest.error !== undefined) return { ...seen, error: nearest.error };
  try {
    await access(nearest.folder, constants.W_OK | constants.X_OK);
    const { bavail, bsize, blocks, files, ffree, type } = await statfs(nearest.folder);
    return {
      ...seen,
      error: undefined,
      // Some network and container file systems say nothing.
      freeBytes: blocks === 0 ? Infinity : bavail * bsize,
      hasFreeFiles: files === 0 || ffree > 0,
      isInMemory: process.platform === 'linux' && inMemory.has(type),
    };
  } catch (error) {
    return { ...seen, error };
  }
}

/** tmpfs and ramfs, by linux/magic.h. */
const inMemory = new Set([0x01021994, 0x858458f6]);

async function nearestThere(folder: string): Promise<{ folder: string; error: unknown }> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    try {
      if ((await stat(at)).isDirectory()) return { folder: at, error: undefined };
      return { folder: at, error: new Error('it is no directory') };
    } catch (error) {
      const isAbove = ['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '');
      if (!isAbove || path.dirname(at) === at) return { folder: at, error };
    }
  }
}
