/**
 * Decodes a recording to what the engine takes (16 kHz mono WAV) and compares what came out with what the file claimed: ffmpeg
 * ends with 0 on a truncated mp3.
 */
import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../app-error.ts';
import { describeEnd } from '../run-child.ts';
import { decodeLimits } from './decode-limits.ts';
import { endOfSound } from './end-of-sound.ts';
import { decodeArguments, longestAudioSeconds, wavBytesPerSecond, wavHeaderBytes } from './ffmpeg-arguments.ts';
import { type DurationSource, endedTooSoon, parseDecodedSeconds, reasonOf } from './ffmpeg-output.ts';
import { probeAudio } from './probe-audio.ts';
import { diskFull, runFfmpeg } from './run-ffmpeg.ts';

export type DecodeOptions = {
  /** An absolute path with a name of our own. */
  file: string;
  wavFile: string;
  signal: AbortSignal;
  /** 0 to 1; not called where the length is not known. */
  onProgress?: (fraction: number) => void;
  /** What is free for files in a folder. */
  freeBytes?: (folder: string) => Promise<number>;
};

export type Decoded =
  | {
      kind: 'decoded';
      audioSeconds: number;
      /** Where the silence at the end begins, or the length where it ends with sound. */
      soundUntilSeconds: number;
    }
  | { kind: 'bad_recording'; reason: string };

/**
 * @throws the signal's reason when it aborts.
 * @throws AppError where the machine is at fault: ffmpeg missing, disk full.
 */
export async function decodeAudio(options: DecodeOptions): Promise<Decoded> {
  const probe = await probeAudio(options.file, options.signal);
  if (probe.kind === 'not_audio') return bad(`The recording cannot be read: ${probe.reason}.`);
  const claimedSeconds = probe.durationSeconds;
  if (claimedSeconds !== undefined && claimedSeconds > longestAudioSeconds) {
    return bad(
      `The recording claims to be ${hours(claimedSeconds)} hours long; the limit is ${hours(longestAudioSeconds)}.`,
    );
  }

  const limits = decodeLimits(probe, (await stat(options.file)).size);
  await requireRoom(options, limits.expectedBytes);
  const { end, lines } = await runFfmpeg({
    args: decodeArguments(options.file, options.wavFile, limits.seconds),
    timeoutMs: limits.timeoutMs,
    limits: { fileBytes: limits.fileBytes },
    signal: options.signal,
    onProgressLine: (line) => {
      const seconds = parseDecodedSeconds(line);
      if (seconds !== undefined && claimedSeconds) options.onProgress?.(Math.min(1, seconds / claimedSeconds));
    },
  });
  if (end.signalName === 'SIGXFSZ') return bad(tooMuch);
  if (end.stoppedBy === 'timeout' || end.signalName === 'SIGXCPU') return bad('The recording took too long to decode.');
  if (end.signalName !== null) return bad(`ffmpeg was ${describeEnd(end)} while it decoded the recording.`);
  if (end.exitCode !== 0) return bad(`The recording cannot be decoded: ${reasonOf(lines)}.`);

  const audioSeconds = await wavSeconds(options.wavFile);
  if (audioSeconds >= limits.seconds - 0.01) {
    return bad(
      limits.seconds < longestAudioSeconds
        ? tooMuch
        : `The recording is longer than ${hours(longestAudioSeconds)} hours, which is the limit.`,
    );
  }
  if (audioSeconds < shortestAudioSeconds) return bad('The recording holds no audio that could be decoded.');
  if (endedTooSoon(lines)) return bad('The recording is cut off: the file ends in the middle.');
  if (claimedSeconds !== undefined && isCutShort(audioSeconds, claimedSeconds, probe.durationSource)) {
    return bad(
      `The recording is cut off or damaged: it claims ${claimedSeconds.toFixed(1)} s, but only ${audioSeconds.toFixed(1)} s could be decoded.`,
    );
  }
  return {
    kind: 'decoded',
    audioSeconds,
    soundUntilSeconds: await endOfSound(options.wavFile, audioSeconds, options.signal),
  };
}

const tooMuch = 'The recording holds far more audio than its size or length allows.';

/** What does not fit is not begun: the machine is at fault then, and the recording waits for another one. */
async function requireRoom({ wavFile, freeBytes = freeBytesOf }: DecodeOptions, neededBytes: number): Promise<void> {
  const folder = path.dirname(wavFile);
  const free = await freeBytes(folder);
  if (neededBytes <= free) return;
  const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MiB`;
  throw diskFull(
    `The decoded recording takes ${mebibytes(neededBytes)}, but only ${mebibytes(free)} are free in ${folder}.`,
  );
}

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize, blocks } = await statfs(folder);
  // Some network and container file systems say nothing.
  return blocks === 0 ? Infinity : bavail * bsize;
}

/** A click, for which no engine was made. */
const shortestAudioSeconds = 0.01;

/** A guessed length proves nothing, unless next to nothing came out; that of a film says nothing of its sound. */
const leastShare: Record<DurationSource, number> = { audio: 0.9, estimate: 0.1, file: 0, exact: 1 };

export function isCutShort(decodedSeconds: number, claimedSeconds: number, source: DurationSource): boolean {
  return decodedSeconds < claimedSeconds * leastShare[source] - 1;
}

/** The few bytes of the header count for nothing. */
async function wavSeconds(wavFile: string): Promise<number> {
  try {
    const { size } = await stat(wavFile);
    return Math.max(0, size - wavHeaderBytes) / wavBytesPerSecond;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

const hours = (seconds: number): number => Math.round(seconds / 3600);

const bad = (reason: string): Decoded => ({ kind: 'bad_recording', reason });
