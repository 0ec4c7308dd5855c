/**
 * Cues and sound that do not belong together: the transcript ends long before the sound does, or goes on where there is none, or
 * begins cues after the recording has ended. Pure.
 */
import type { Cue } from '../../protocol/web-vtt.ts';

export type AudioExtent = {
  seconds: number;
  /** Where the last sound ends; undefined where nobody looked. */
  soundUntilSeconds: number | undefined;
};

/** Music or noise at the end is as common as that, and no speech. */
const longestTailSeconds = 60;
const longestTailShare = 0.2;

/** Whisper places a cue anywhere in the window of 30 s in which it heard it. */
const windowSeconds = 30;
/** One or two may be a whisper after all. */
const leastCuesInSilence = 3;

/** @param cues in the order of time, with text. */
export function endsEarly(cues: readonly Cue[], { seconds, soundUntilSeconds }: AudioExtent): boolean {
  if (soundUntilSeconds === undefined || cues.length === 0) return false;
  const lastEnd = Math.max(...cues.slice(-100).map((cue) => cue.endSeconds));
  return soundUntilSeconds - lastEnd > Math.max(longestTailSeconds, seconds * longestTailShare);
}

export function goesOnInSilence(cues: readonly Cue[], { soundUntilSeconds }: AudioExtent): boolean {
  if (soundUntilSeconds === undefined) return false;
  if (soundUntilSeconds === 0) return cues.length > 0;
  const late = cues.filter((cue) => cue.startSeconds > soundUntilSeconds + windowSeconds);
  return late.length >= leastCuesInSilence;
}

export function goesOnAfterEnd(cues: readonly Cue[], { seconds }: AudioExtent): boolean {
  return cues.some((cue) => cue.startSeconds >= seconds);
}
