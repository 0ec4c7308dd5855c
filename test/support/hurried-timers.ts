/** Deadlines of minutes within a second: what is given to setTimeout meanwhile comes `hurry` times as soon. */
import { mock } from 'node:test';

export async function withHurriedTimers<T>(hurry: number, step: () => Promise<T>): Promise<T> {
  const original = globalThis.setTimeout;
  const mocked = mock.method(globalThis, 'setTimeout', (callback: () => void, ms = 0) =>
    original(callback, ms / hurry),
  );
  try {
    return await step();
  } finally {
    mocked.mock.restore();
  }
}
