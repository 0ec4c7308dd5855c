/** A clock that moves only when told. Sleepers wake in order, when their time has come. */
import type { Clock } from '../../src/clock.ts';

export type FakeClock = Clock & { advance: (ms: number) => Promise<void> };

export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs;
  let sleepers: { wakeAt: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        sleepers.push({ wakeAt: now + ms, wake: resolve });
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    },
    async advance(ms) {
      now += ms;
      const due = sleepers.filter((sleeper) => sleeper.wakeAt <= now).toSorted((a, b) => a.wakeAt - b.wakeAt);
      sleepers = sleepers.filter((sleeper) => sleeper.wakeAt > now);
      for (const sleeper of due) sleeper.wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
