/**
 * Decodes a recording to what the engine takes (16 kHz mono WAV) and compares what came out with what the file claimed: ffmpeg
 * ends with 0 on a truncated mp3.
 */
import { stat } from 'node:fs/promises';
import { systemErrorCode } from '../app-error.ts';
import { describeEnd } from '../run-child.ts';
import { decodeArguments, longestAudioSeconds, wavBytesPerSecond } from './ffmpeg-arguments.ts';
import { type DurationSource, endedTooSoon, parseDecodedSeconds, reasonOf } from './ffmpeg-output.ts';
import { probeAudio } from './probe-audio.ts';
import { runFfmpeg } from './run-ffmpeg.ts';

export type DecodeOptions = {
  /** An absolute path with a name of our own. */
  file: string;
  wavFile: string;
  signal: AbortSignal;
  /** 0 to 1; not called where the length is not known. */
  onProgress?: (fraction: number) => void;
};

export type Decoded = { kind: 'decoded'; audioSeconds: number } | { kind: 'bad_recording'; reason: string };

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

  const { end, lines } = await runFfmpeg({
    args: decodeArguments(options.file, options.wavFile),
    timeoutMs: decodeTimeoutMs(claimedSeconds),
    signal: options.signal,
    onProgressLine: (line) => {
      const seconds = parseDecodedSeconds(line);
      if (seconds !== undefined && claimedSeconds) options.onProgress?.(Math.min(1, seconds / claimedSeconds));
    },
  });
  if (end.stoppedBy === 'timeout') return bad('The recording took too long to decode.');
  if (end.signalName !== null) return bad(`ffmpeg was ${describeEnd(end)} while it decoded the recording.`);
  if (end.exitCode !== 0) return bad(`The recording cannot be decoded: ${reasonOf(lines)}.`);

  const audioSeconds = await wavSeconds(options.wavFile);
  if (audioSeconds < shortestAudioSeconds) return bad('The recording holds no audio that could be decoded.');
  if (endedTooSoon(lines)) return bad('The recording is cut off: the file ends in the middle.');
  if (claimedSeconds !== undefined && isCutShort(audioSeconds, claimedSeconds, probe.durationSource)) {
    return bad(
      `The recording is cut off or damaged: it claims ${claimedSeconds.toFixed(1)} s, but only ${audioSeconds.toFixed(1)} s could be decoded.`,
    );
  }
  return { kind: 'decoded', audioSeconds };
}

/** A click, for which no engine was made. */
const shortestAudioSeconds = 0.01;

/** A guessed length proves nothing, unless next to nothing came out; that of a film says nothing of its sound. */
const leastShare: Record<DurationSource, number> = { audio: 0.9, estimate: 0.1, file: 0, exact: 1 };

export function isCutShort(decodedSeconds: number, claimedSeconds: number, source: DurationSource): boolean {
  return decodedSeconds < claimedSeconds * leastShare[source] - 1;
}

function decodeTimeoutMs(claimedSeconds = longestAudioSeconds): number {
  return Math.max(60, claimedSeconds / 2) * 1000;
}

/** The few bytes of the header count for nothing. */
async function wavSeconds(wavFile: string): Promise<number> {
  try {
    const { size } = await stat(wavFile);
    return Math.max(0, size - 44) / wavBytesPerSecond;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

const hours = (seconds: number): number => Math.round(seconds / 3600);

const bad = (reason: string): Decoded => ({ kind: 'bad_recording', reason });
