/** A clock on which time runs thirty times as fast, for waits that a test cannot step through. Used by tests only. */
import { type Clock, systemClock } from '../../clock.ts';

const hurry = 30;

/** @param shownAtMs what it shows at first, wall time; the time of this machine where it is left out. */
export function hurriedClock(shownAtMs = Date.now()): Clock {
  const startedAt = Date.now();
  return {
    now: () => shownAtMs + (Date.now() - startedAt) * hurry,
    sleep: (ms, signal) => systemClock.sleep(ms / hurry, signal),
  };
}
