/** Opens a recording without decoding it: is there audio, and how long does the file claim to be? */
import { stat } from 'node:fs/promises';
import { probeArguments } from './ffmpeg-arguments.ts';
import { type FfmpegFacts, readFacts, reasonOf } from './ffmpeg-output.ts';
import { runFfmpeg } from './run-ffmpeg.ts';
import { wavClaimedSeconds } from './wav-claim.ts';

export type Probe = ({ kind: 'audio' } & FfmpegFacts) | { kind: 'not_audio'; reason: string };

const probeTimeoutMs = 60_000;

/**
 * @param file an absolute path; its name should be our own, never a peer's.
 * @throws the signal's reason when it aborts.
 */
export async function probeAudio(file: string, signal: AbortSignal): Promise<Probe> {
  if ((await stat(file)).size === 0) return { kind: 'not_audio', reason: 'it is empty (0 bytes)' };
  const { end, lines } = await runFfmpeg({ args: probeArguments(file), timeoutMs: probeTimeoutMs, signal });
  if (end.stoppedBy === 'timeout') return { kind: 'not_audio', reason: 'ffmpeg could not make out what it is in time' };
  if (end.exitCode !== 0) return { kind: 'not_audio', reason: reasonOf(lines) };
  const durationSeconds = await wavClaimedSeconds(file);
  return durationSeconds === undefined
    ? { kind: 'audio', ...readFacts(lines) }
    : { kind: 'audio', durationSeconds, durationSource: 'exact' };
}
