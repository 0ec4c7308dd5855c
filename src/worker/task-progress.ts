/** Where one task stands: for heartbeats, and as progress events, at most one a second and one at each new phase. */
import type { Clock } from '../clock.ts';
import type { Phase } from '../protocol/messages.ts';
import type { Report } from './worker-event.ts';

export type TaskProgress = {
  enter: (phase: Phase) => void;
  /** 0 to 1 within the phase. */
  advance: (fraction: number) => void;
  /** Known once the recording is decoded; speed and time left follow from it. */
  setAudioSeconds: (seconds: number) => void;
  current: () => { phase: Phase; progress: number };
};

const pauseMs = 1000;
/** Whisper hears in windows of 30 s and tells all of one at once: before the first is over a speed would be a guess. */
const meaningfulSeconds = 25;

export function trackProgress(slot: number, task: string, clock: Clock, report: Report): TaskProgress {
  let phase: Phase = 'download';
  let progress = 0;
  let enteredAt = clock.now();
  let toldAt = 0;
  let audioSeconds = 0;

  const tell = (): void => {
    toldAt = clock.now();
    const seconds = (toldAt - enteredAt) / 1000;
    const speed =
      phase === 'transcribe' && audioSeconds * progress >= meaningfulSeconds && seconds > 0
        ? { speed: (audioSeconds * progress) / seconds, etaSeconds: (seconds / progress) * (1 - progress) }
        : {};
    report({ event: 'progress', slot, task, phase, progress, ...speed });
  };
  return {
    enter(next) {
      phase = next;
      progress = 0;
      enteredAt = clock.now();
      tell();
    },
    advance(fraction) {
      progress = fraction;
      if (clock.now() - toldAt >= pauseMs) tell();
    },
    setAudioSeconds(seconds) {
      audioSeconds = seconds;
    },
    current: () => ({ phase, progress }),
  };
}
