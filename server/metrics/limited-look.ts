/**
 * Looks something up within a time limit. While a look is still under way no second one is started: a hung disk must not take
 * one thread after the other.
 */
import { setTimeout as delay } from 'node:timers/promises';

export class LimitedLook<Value> {
  readonly #look: () => Promise<Value>;
  readonly #limitMs: number;
  #underWay: Promise<Value> | undefined;

  constructor(look: () => Promise<Value>, limitMs: number) {
    this.#look = look;
    this.#limitMs = limitMs;
  }

  /** Rejects when the look fails or takes too long. */
  async take(): Promise<Value> {
    this.#underWay ??= this.#look().finally(() => (this.#underWay = undefined));
    const over = new AbortController();
    const late = delay(this.#limitMs, undefined, { signal: over.signal }).then(() => {
      throw new Error(`no answer within ${this.#limitMs} ms`);
    });
    try {
      return await Promise.race([this.#underWay, late]);
    } finally {
      over.abort();
      late.catch(() => {});
    }
  }
}
