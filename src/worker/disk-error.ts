/** A file or folder that cannot be used, as people read it: the disk is full, read-only, not ours. Never a bug in stt. Pure. */
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';

/** @param what completes "... : no space left on device". */
export function diskError(what: string, code: `STT_${string}`, cause: unknown): AppError {
  const isForbidden = ['EACCES', 'EPERM'].includes(systemErrorCode(cause) ?? '');
  return new AppError(`${what}: ${messageOf(cause)}.`, {
    code,
    hint: 'Make room in the data folder and see that this user may write there, or set STT_DATA_DIR to another one.',
    exitCode: isForbidden ? exitCodes.noPermission : exitCodes.ioError,
    cause,
  });
}
