/** Time comes in as an argument, so that tests can turn it. */
import { setTimeout as delay } from 'node:timers/promises';

export type Clock = {
  /** Wall time, milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms` (some 24 days at most), or at once (without throwing) when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

/** A timer of Node.js that is set for longer goes off at once. Some 24 days. */
export const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await delay(Math.min(ms, longestTimerMs), undefined, signal === undefined ? {} : { signal });
    } catch {
      // Aborted: the caller looks at its signal.
    }
  },
};
