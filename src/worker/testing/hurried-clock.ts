/** A clock on which time runs thirty times as fast, for waits that a test cannot step through. Used by tests only. */
import { type Clock, systemClock } from '../../clock.ts';

const hurry = 30;

export function hurriedClock(): Clock {
  const startedAt = Date.now();
  return {
    now: () => startedAt + (Date.now() - startedAt) * hurry,
    sleep: (ms, signal) => systemClock.sleep(ms / hurry, signal),
  };
}
