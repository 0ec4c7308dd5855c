/** Waits until `check` gives something truthy, looking often; for states that announce themselves by no event. */
import { setTimeout as delay } from 'node:timers/promises';

export async function eventually<T>(
  check: () => T | Promise<T>,
  what: string,
  timeoutMs = 10_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`did not happen within ${timeoutMs} ms: ${what}`);
    await delay(20);
  }
}
