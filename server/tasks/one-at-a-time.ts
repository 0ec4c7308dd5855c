/** Runs what concerns the same thing one after the other, and everything else side by side. */
export class OneAtATime {
  readonly #last = new Map<string, Promise<void>>();

  /** @param work hears whether it had to wait, so that what it knew may be old. */
  async run<T>(key: string, work: (hasWaited: boolean) => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(key, promise);
    if (before !== undefined) await before;
    try {
      return await work(before !== undefined);
    } finally {
      if (this.#last.get(key) === promise) this.#last.delete(key);
      resolve();
    }
  }
}
