/**
 * Where one task stands: for heartbeats, for who must know whether it will be done in time, and as progress events: at most one a
 * second, and one at both ends of each phase.
 */
import type { Clock } from '../../clock.ts';
import type { Phase } from '../../protocol/messages.ts';
import type { Report } from '../worker-event.ts';

export type TaskProgress = {
  enter: (phase: Phase) => void;
  /** Into a slot, where an engine begins with it. @param expectedSpeed audio seconds per second, as of earlier tasks. */
  enterSlot: (slot: number, audioSeconds: number, expectedSpeed: number | undefined) => void;
  /** 0 to 1 within the phase. */
  advance: (fraction: number) => void;
  current: () => { phase: Phase; progress: number };
  /** Until the engine is through, in seconds; undefined where nothing is known of it yet. */
  secondsLeft: () => number | undefined;
};

const pauseMs = 1000;
/** Whisper hears in windows of 30 s and tells all of one at once: before the first is over a speed would be a guess. */
const meaningfulSeconds = 25;

export function trackProgress(task: string, clock: Clock, report: Report): TaskProgress {
  let phase: Phase = 'download';
  let progress = 0;
  let enteredAt = clock.now();
  let toldAt = 0;
  let toldProgress = 0;
  let isToBeTold = false;
  let slot: number | undefined;
  let audioSeconds = 0;
  let expectedSpeed: number | undefined;

  const passedSeconds = (): number => (clock.now() - enteredAt) / 1000;
  const measuredSpeed = (): number | undefined => {
    const heardSeconds = audioSeconds * progress;
    return phase === 'transcribe' && heardSeconds >= meaningfulSeconds && passedSeconds() > 0
      ? heardSeconds / passedSeconds()
      : undefined;
  };
  const secondsLeft = (): number | undefined => {
    if (phase !== 'transcribe') return phase === 'deliver' ? 0 : undefined;
    const speed = measuredSpeed();
    if (speed !== undefined) return (audioSeconds * (1 - progress)) / speed;
    return expectedSpeed === undefined ? undefined : Math.max(0, audioSeconds / expectedSpeed - passedSeconds());
  };
  const tell = (): void => {
    toldAt = clock.now();
    toldProgress = progress;
    const speed = measuredSpeed();
    report({
      event: 'progress',
      ...(slot === undefined ? {} : { slot, audioSeconds }),
      task,
      phase,
      progress,
      ...(speed === undefined ? {} : { speed, etaSeconds: secondsLeft() ?? 0 }),
    });
  };
  /** An engine may be silent for minutes after it told much at once: the last of it must not be left out. */
  const tellAfter = (waitMs: number): void => {
    if (isToBeTold) return;
    isToBeTold = true;
    void clock.sleep(waitMs).then(() => {
      isToBeTold = false;
      // Nothing is left to tell of a task that is over: it entered its last phase, and advances no more.
      if (toldProgress !== progress) tell();
    });
  };
  const enter = (next: Phase): void => {
    phase = next;
    progress = 0;
    enteredAt = clock.now();
    tell();
  };
  return {
    enter,
    enterSlot(number, seconds, speed) {
      slot = number;
      audioSeconds = seconds;
      expectedSpeed = speed;
      enter('transcribe');
    },
    advance(fraction) {
      const isWholeNow = fraction >= 1 && progress < 1;
      progress = fraction;
      const waitMs = toldAt + pauseMs - clock.now();
      if (isWholeNow || waitMs <= 0 || waitMs > pauseMs) tell();
      else tellAfter(waitMs);
    },
    current: () => ({ phase, progress }),
    secondsLeft,
  };
}
