/** Wakes those who wait for a task. It carries no task: whoever is woken asks again. */
import type { Clock } from '../../src/clock.ts';

export class Bell {
  readonly #clock: Clock;
  readonly #waiting = new Set<AbortController>();
  #rings = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How often it rang. Take it before looking for a task, and give it to `next`: a ring in between is not missed. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    for (const waiter of this.#waiting) waiter.abort();
  }

  /** Resolves at the first ring after `heard`, after `longestMs`, or when `gone` aborts. */
  async next(heard: number, longestMs: number, gone: AbortSignal): Promise<void> {
    if (this.#rings !== heard) return;
    const rung = new AbortController();
    this.#waiting.add(rung);
    await this.#clock.sleep(longestMs, AbortSignal.any([rung.signal, gone]));
    this.#waiting.delete(rung);
  }
}
