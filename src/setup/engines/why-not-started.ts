/** Whether a program starts at all: with its libraries, for this processor. It is asked for its help, and does nothing. */
import { AppError, messageOf } from '../../app-error.ts';
import { describeEnd, runChild } from '../../run-child.ts';

/** @returns undefined where it starts. */
export async function whyNotStarted(whisperCli: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const end = await runChild({ file: whisperCli, args: ['--help'], signal, timeoutMs: 20_000 });
    signal.throwIfAborted();
    return end.exitCode === 0 ? undefined : `${describeEnd(end)}\n${end.outputTail}`.trimEnd();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) return messageOf(error);
    throw error;
  }
}
