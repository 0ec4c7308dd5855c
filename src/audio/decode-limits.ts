/**
 * What decoding one recording may cost, from what the file claims and from its size: so that a small file cannot fill the disk, nor
 * a damaged one keep a processor for ever. Pure.
 */
import { longestAudioSeconds, wavBytesPerSecond, wavHeaderBytes } from './ffmpeg-arguments.ts';
import type { FfmpegFacts } from './ffmpeg-output.ts';

export type DecodeLimits = {
  /** Of audio. Where ffmpeg gets that far, there is more than can be. */
  seconds: number;
  timeoutMs: number;
  /** Of the WAV file. */
  fileBytes: number;
  /** What the WAV file will take at least, as far as the file may be believed. */
  expectedBytes: number;
};

/** The least that speech was ever packed into, half of what the thriftiest codec takes. */
const leastBitsPerSecond = 1000;
/** Claims are rounded, and forget the last part of what was joined. */
const toleranceSeconds = 600;

export function decodeLimits(facts: FfmpegFacts, sizeBytes: number): DecodeLimits {
  const { durationSeconds, durationSource } = facts;
  const bySize = (sizeBytes * 8) / leastBitsPerSecond + toleranceSeconds;
  // Files that were joined claim the length of the first one only; their size tells.
  const byClaim = durationSeconds === undefined ? 0 : durationSeconds * 2 + toleranceSeconds;
  const seconds = Math.min(longestAudioSeconds, Math.max(bySize, byClaim));
  const isWorthBelieving = durationSource === 'audio' || durationSource === 'exact';
  const expectedSeconds = isWorthBelieving ? Math.min(durationSeconds ?? 0, bySize) : 0;
  return {
    seconds,
    timeoutMs: Math.max(60, (durationSeconds ?? seconds) / 2) * 1000,
    // A little more than `seconds` need: ffmpeg ends there by itself, and this is for when it does not.
    fileBytes: wavHeaderBytes + Math.ceil((seconds + 60) * wavBytesPerSecond),
    expectedBytes: Math.floor(expectedSeconds * wavBytesPerSecond),
  };
}
