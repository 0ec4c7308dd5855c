/** A clock that moves only when told. Sleepers wake in order, when their time has come. */
import type { Clock } from '../../src/clock.ts';

export type FakeClock = Clock & {
  advance: (ms: number) => Promise<void>;
  /** Sets the wall time forward or back; sleepers sleep on, as with real timers. */
  jump: (ms: number) => void;
  /** Whether somebody sleeps who lay down for exactly so long. */
  isAwaited: (ms: number) => boolean;
};

export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let elapsedMs = 0;
  let jumpedMs = 0;
  let sleepers: { ms: number; wakeAt: number; wake: () => void }[] = [];
  return {
    now: () => startMs + elapsedMs + jumpedMs,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        sleepers.push({ ms, wakeAt: elapsedMs + ms, wake: resolve });
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    },
    async advance(ms) {
      elapsedMs += ms;
      const due = sleepers.filter((sleeper) => sleeper.wakeAt <= elapsedMs).toSorted((a, b) => a.wakeAt - b.wakeAt);
      sleepers = sleepers.filter((sleeper) => sleeper.wakeAt > elapsedMs);
      for (const sleeper of due) sleeper.wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
    jump(ms) {
      jumpedMs += ms;
    },
    isAwaited: (wanted) => sleepers.some(({ ms }) => ms === wanted),
  };
}
