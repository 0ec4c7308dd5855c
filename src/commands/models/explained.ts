/** How a failure with models reads: neither Ctrl-C nor a read-only disk is a bug. */
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { explainFileFailure } from '../../setup/explain-file-failure.ts';

export async function explained<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!signal.aborted) throw explainFileFailure(error);
    throw new AppError('Interrupted.', {
      code: 'STT_INTERRUPTED',
      hint: 'Run the same command again: it goes on where it stopped.',
      exitCode: exitCodes.interrupted,
      cause: error,
    });
  }
}
