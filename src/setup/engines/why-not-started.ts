/** Whether a program starts at all: with its libraries, for this processor. It is asked for its help, and does nothing. */
import { AppError, messageOf } from '../../app-error.ts';
import { describeEnd, runChild } from '../../run-child.ts';

export type Start =
  /** `isWhisperCli`: its help tells of what a worker needs. */
  { kind: 'started'; isWhisperCli: boolean } | { kind: 'broken'; why: string };

/** In the help of every whisper-cli, and of few other programs. */
const wordsOfHelp = ['--model', '--output-vtt'];

/** @returns undefined where it starts. */
export async function whyNotStarted(whisperCli: string, signal: AbortSignal): Promise<string | undefined> {
  const start = await askForHelp(whisperCli, signal);
  return start.kind === 'broken' ? start.why : undefined;
}

export async function askForHelp(whisperCli: string, signal: AbortSignal): Promise<Start> {
  const missing = new Set(wordsOfHelp);
  const onLine = (line: string): void => {
    for (const word of missing) if (line.includes(word)) missing.delete(word);
  };
  try {
    const end = await runChild({ file: whisperCli, args: ['--help'], signal, timeoutMs: 20_000, onLine });
    signal.throwIfAborted();
    if (end.exitCode === 0) return { kind: 'started', isWhisperCli: missing.size === 0 };
    return { kind: 'broken', why: `${describeEnd(end)}\n${end.outputTail}`.trimEnd() };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) return { kind: 'broken', why: messageOf(error) };
    throw error;
  }
}
