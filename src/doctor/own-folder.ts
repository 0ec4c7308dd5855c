/** A folder for the few files of a check, gone with it: the worker's own folders stay as they are. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AppError, messageOf } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';

/** @throws AppError STT_TEMPORARY_FOLDER. */
export async function inOwnFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await makeFolder();
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 2 }).catch(() => {});
  }
}

async function makeFolder(): Promise<string> {
  try {
    return await mkdtemp(path.join(tmpdir(), 'stt-doctor-'));
  } catch (error) {
    throw new AppError(`The folder for temporary files cannot be used: ${messageOf(error)}.`, {
      code: 'STT_TEMPORARY_FOLDER',
      hint: 'Set TMPDIR to a directory with some room that this user may write.',
      exitCode: exitCodes.ioError,
      cause: error,
    });
  }
}
