/** Deadlines of minutes within a second: what is given to setTimeout comes `hurry` times as soon, until disposed. */
import { mock } from 'node:test';

export function hurriedTimers(hurry: number): Disposable {
  const original = globalThis.setTimeout;
  const mocked = mock.method(globalThis, 'setTimeout', (callback: () => void, ms = 0) =>
    original(callback, ms / hurry),
  );
  return { [Symbol.dispose]: () => mocked.mock.restore() };
}
