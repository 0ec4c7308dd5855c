/** Whether the models folder has room, asked before gigabytes are on their way. */
import { statfs } from 'node:fs/promises';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';

/** For everybody else on that disk. */
const marginBytes = 64 * 1024 ** 2;

/** @throws AppError STT_DISK_FULL. */
export async function requireRoom(folder: string, what: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes + marginBytes) return;
  throw new AppError(`${what} needs ${mib(neededBytes + marginBytes)} in ${folder}, and ${mib(freeBytes)} are free.`, {
    code: 'STT_DISK_FULL',
    hint: 'Make room there ("stt models remove NAME"), take a smaller model ("stt models list"), or set STT_DATA_DIR to a larger disk.',
    exitCode: exitCodes.ioError,
  });
}

const mib = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MiB`;
