/** Runs ffmpeg with a deadline and keeps what it says within bounds. */
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { ChildLimits } from '../child-restraints.ts';
import { type ChildEnd, describeEnd, runChild } from '../run-child.ts';
import { isDiskFull } from './ffmpeg-output.ts';

export type FfmpegRun = { end: ChildEnd; lines: readonly string[] };

export type FfmpegOptions = {
  args: readonly string[];
  timeoutMs: number;
  signal: AbortSignal;
  limits?: ChildLimits;
  onProgressLine?: (line: string) => void;
};

const keptLines = 200;

/** Decoding takes a few megabytes; the rest is ffmpeg's libraries. A recording that wants more is made to. */
const memoryBytes = 2 * 1024 ** 3;

/** The engine has the first claim on the processor: decoding ahead must not slow it down. */
const niceness = 10;

/**
 * @throws the signal's reason when it aborts; ffmpeg is gone then.
 * @throws AppError STT_TOOL_MISSING, STT_DISK_FULL, STT_FFMPEG_ENDED.
 */
export async function runFfmpeg(options: FfmpegOptions): Promise<FfmpegRun> {
  const lines: string[] = [];
  const end = await runChild({
    file: 'ffmpeg',
    args: options.args,
    signal: options.signal,
    timeoutMs: options.timeoutMs,
    killAfterMs: 2000,
    limits: { memoryBytes, ...options.limits },
    niceness,
    onLine: (line, stream) => {
      if (stream === 'stdout') options.onProgressLine?.(line);
      // The first lines tell what the file is, the last ones what went wrong; damaged audio fills what is between.
      else if (lines.push(line) > keptLines) lines.splice(keptLines / 2, 1);
    },
  });
  options.signal.throwIfAborted();
  if (isDiskFull(lines)) {
    throw diskFull('The disk is full: ffmpeg cannot write the decoded recording.');
  }
  if (end.stoppedBy === null && end.signalName !== null && !crashes.has(end.signalName)) {
    throw new AppError(`ffmpeg was ended from outside (${describeEnd(end)}).`, {
      code: 'STT_FFMPEG_ENDED',
      hint: 'See whether this machine ran out of memory.',
      exitCode: exitCodes.unavailable,
    });
  }
  return { end, lines };
}

/** What a damaged recording can do to ffmpeg. Any other signal comes from outside: out of memory, a person. */
const crashes = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGXFSZ', 'SIGXCPU']);

export function diskFull(message: string): AppError {
  return new AppError(message, {
    code: 'STT_DISK_FULL',
    hint: 'Make room in the data folder, or set STT_DATA_DIR to a larger disk.',
    exitCode: exitCodes.ioError,
  });
}

/** @throws AppError with exit code 69 where ffmpeg is missing or does not start. */
export async function requireFfmpeg(signal: AbortSignal): Promise<void> {
  const { end, lines } = await runFfmpeg({ args: ['-hide_banner', '-version'], timeoutMs: 20_000, signal });
  if (end.exitCode === 0) return;
  throw new AppError(`ffmpeg does not start (${describeEnd(end)}): ${lines.join(' ')}`, {
    code: 'STT_FFMPEG_BROKEN',
    hint: 'Install ffmpeg anew with the package manager of this machine.',
    exitCode: exitCodes.unavailable,
  });
}
