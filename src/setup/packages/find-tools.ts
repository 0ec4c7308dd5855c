/** Whether a program is there: it counts when it answers. One that lies on PATH but does not start is as good as missing. */
import { AppError } from '../../app-error.ts';
import { runChild } from '../../run-child.ts';

const answerWithinMs = 20_000;

/** True when the program starts and ends well. */
export async function answers(command: string, signal: AbortSignal): Promise<boolean> {
  const [file = '', ...args] = command.split(' ');
  try {
    const end = await runChild({ file, args, signal, timeoutMs: answerWithinMs });
    signal.throwIfAborted();
    return end.exitCode === 0;
  } catch (error) {
    if (error instanceof AppError && error.code === 'STT_TOOL_MISSING') return false;
    throw error;
  }
}
