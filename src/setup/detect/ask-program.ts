/** Asks a program for its version or its list. One that is missing, fails or hangs is an answer too. */
import { AppError } from '../../app-error.ts';
import { printable } from '../../printable.ts';
import { type ChildEnd, describeEnd, runChild } from '../../run-child.ts';
import type { ProgramAnswer } from './machine-facts.ts';

/** nvidia-smi wakes sleeping cards first, which takes a second or two for each. */
const answerWithinMs = 8000;
const longestAnswerBytes = 256 * 1024;

/** @param files places to try, in order: names on PATH, or paths. The first that is there answers. */
export async function askProgram(
  files: readonly string[],
  args: readonly string[],
  signal: AbortSignal,
  withinMs = answerWithinMs,
): Promise<ProgramAnswer> {
  for (const file of files) {
    const end = await tryToRun(file, args, signal, withinMs);
    if (end === undefined) continue;
    if (end.exitCode === 0) return { kind: 'answered', file, text: end.stdout };
    return { kind: 'failed', why: reasonOf(end, withinMs) };
  }
  return { kind: 'missing' };
}

/** Undefined where it is not there, or may not be started. */
async function tryToRun(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
  timeoutMs: number,
): Promise<ChildEnd | undefined> {
  try {
    const end = await runChild({
      file,
      args,
      signal,
      timeoutMs,
      killAfterMs: 500,
      stdoutLimitBytes: longestAnswerBytes,
    });
    signal.throwIfAborted();
    return end;
  } catch (error) {
    if (error instanceof AppError && error.code === 'STT_TOOL_MISSING') return undefined;
    throw error;
  }
}

/** Programs warn a lot before they say what is wrong. */
function reasonOf(end: ChildEnd, withinMs: number): string {
  if (end.stoppedBy === 'timeout') return `no answer within ${withinMs / 1000} s`;
  const lines = end.outputTail.split('\n').map(printable);
  const line = lines.findLast((text) => /error|fail|not |no /iu.test(text)) ?? lines.at(-1) ?? '';
  return line === '' || end.signalName !== null ? describeEnd(end) : line;
}
