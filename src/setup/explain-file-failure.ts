/** What the file system refuses, and Ctrl-C, are no bugs: they become errors that say what to do. */
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';

const inTheWay = 'Move away what is in the way there, or set STT_DATA_DIR to another directory.';

const fileProblems: Record<string, { exitCode: ExitCode; hint: string }> = {
  ENOSPC: { exitCode: exitCodes.ioError, hint: 'Make room on that disk, then run the same command again.' },
  EDQUOT: { exitCode: exitCodes.ioError, hint: 'Make room in your quota, then run the same command again.' },
  EROFS: { exitCode: exitCodes.ioError, hint: 'Set STT_DATA_DIR to a directory that can be written.' },
  EIO: { exitCode: exitCodes.ioError, hint: 'Check that disk.' },
  EACCES: { exitCode: exitCodes.noPermission, hint: 'Set STT_DATA_DIR to a directory that this user may write.' },
  EPERM: { exitCode: exitCodes.noPermission, hint: 'Set STT_DATA_DIR to a directory that this user may write.' },
  ENOTDIR: { exitCode: exitCodes.ioError, hint: inTheWay },
  EEXIST: { exitCode: exitCodes.ioError, hint: inTheWay },
  EISDIR: { exitCode: exitCodes.ioError, hint: inTheWay },
};

/** @returns an AppError for a problem with files; anything else as it came. */
export function explainFileFailure(error: unknown): unknown {
  const problem = fileProblems[problemCode(error)];
  if (error instanceof AppError || problem === undefined) return error;
  return new AppError(`A file could not be read or written: ${messageOf(error)}.`, {
    code: 'STT_SETUP_FILES',
    hint: problem.hint,
    exitCode: problem.exitCode,
    cause: error,
  });
}

/** Where a file system takes no directories, making one with its parents may end in ENOENT. Any other ENOENT is a bug. */
function problemCode(error: unknown): string {
  const code = systemErrorCode(error) ?? '';
  const isMkdir = error instanceof Error && 'syscall' in error && error.syscall === 'mkdir';
  return code === 'ENOENT' && isMkdir ? 'EROFS' : code;
}

/** Around all that set-up does. */
export async function asSetup<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw explainFailure(error, signal);
  }
}

function explainFailure(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return new AppError('Set-up was interrupted; nothing is left running.', {
      code: 'STT_INTERRUPTED',
      hint: 'Run the same command again: it goes on where it stopped.',
      exitCode: exitCodes.interrupted,
      cause: error,
    });
  }
  return explainFileFailure(error);
}
