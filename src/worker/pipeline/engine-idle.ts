/**
 * How long slots had no engine running although there was work: what the pipeline exists to keep near zero. Time in which the server
 * had no task, was away, or the worker was not to take any does not count. Pure but for the clock.
 */
import type { Clock } from '../../clock.ts';

export type DryTime = {
  /** Time in which there was nothing to claim. */
  during: (waiting: Promise<void>) => Promise<void>;
  /** A claim; an answer that takes longer than an answer needs had to wait for a task. */
  beyondAnAnswer: <T>(claim: Promise<T>) => Promise<T>;
  totalMs: () => number;
};

const answerMs = 2000;

export function measureDryTime(clock: Pick<Clock, 'now'>): DryTime {
  let total = 0;
  let waitingSince: number | undefined;
  let freeMs = 0;
  const passed = (): number => (waitingSince === undefined ? 0 : Math.max(0, clock.now() - waitingSince - freeMs));
  const wait = async <T>(waiting: Promise<T>, free: number): Promise<T> => {
    waitingSince = clock.now();
    freeMs = free;
    try {
      return await waiting;
    } finally {
      total += passed();
      waitingSince = undefined;
    }
  };
  return {
    during: (waiting) => wait(waiting, 0),
    beyondAnAnswer: (claim) => wait(claim, answerMs),
    totalMs: () => total + passed(),
  };
}

export type EngineIdle = {
  /** The slot takes a task to its engine. */
  begins: (slot: number) => void;
  /** The task is through. @param engineSeconds in which the engine ran; undefined: all the time. */
  ends: (slot: number, engineSeconds: number | undefined) => void;
  totalSeconds: () => number;
};

export function measureEngineIdle(clock: Pick<Clock, 'now'>, dryTime: Pick<DryTime, 'totalMs'>): EngineIdle {
  const last = new Map<number, { at: number; dryMs: number }>();
  let totalMs = 0;
  return {
    begins(slot) {
      const before = last.get(slot);
      const now = { at: clock.now(), dryMs: dryTime.totalMs() };
      if (before !== undefined) totalMs += Math.max(0, now.at - before.at - (now.dryMs - before.dryMs));
      last.set(slot, now);
    },
    ends(slot, engineSeconds) {
      const began = last.get(slot);
      const now = { at: clock.now(), dryMs: dryTime.totalMs() };
      if (began !== undefined && engineSeconds !== undefined) {
        totalMs += Math.max(0, now.at - began.at - engineSeconds * 1000);
      }
      last.set(slot, now);
    },
    totalSeconds: () => totalMs / 1000,
  };
}
