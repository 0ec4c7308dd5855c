/**
 * Wakes those who wait for a task: as many as there are new tasks, whoever waited longest first. It carries no task: whoever is woken
 * asks again. A turn that cannot be used goes to the next, so that nobody sleeps beside work.
 */
import type { Clock } from '../../src/clock.ts';

/** Somebody's place in the line; it stays the same until it got a task or leaves. */
export type Place = { readonly number: number };

type Waiter = { place: Place; isRung: boolean; wake: AbortController };

export class Bell {
  readonly #clock: Clock;
  /** The one who waits longest first. */
  readonly #line: Waiter[] = [];
  #places = 0;
  #rings = 0;
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How often it rang. Take it before looking for a task, and give it to `next`: a ring in between is not missed. */
  get rings(): number {
    return this.#rings;
  }

  /** How many wait now. */
  get waiting(): number {
    return this.#line.length;
  }

  newPlace(): Place {
    this.#places += 1;
    return { number: this.#places };
  }

  /** So many tasks are to be had. */
  ring(tasks = 1): void {
    if (tasks <= 0) return;
    this.#rings += 1;
    for (const waiter of this.#line.splice(0, tasks)) {
      waiter.isRung = true;
      waiter.wake.abort();
    }
  }

  /** Wakes all, and lets nobody wait any more. */
  stop(): void {
    this.#isStopped = true;
    this.ring(Number.POSITIVE_INFINITY);
  }

  /** Resolves when it is this one's turn, at once where it rang after `heard`; after `longestMs`; or when `gone` aborts. */
  async next(place: Place, heard: number, longestMs: number, gone: AbortSignal): Promise<void> {
    if (this.#isStopped || this.#rings !== heard || gone.aborted) return;
    const waiter: Waiter = { place, isRung: false, wake: new AbortController() };
    // It is nearly always the last: only one who was woken in vain comes back to an earlier place.
    const before = this.#line.findLastIndex((other) => other.place.number < place.number);
    this.#line.splice(before + 1, 0, waiter);
    await this.#clock.sleep(longestMs, AbortSignal.any([waiter.wake.signal, gone]));
    if (!waiter.isRung) this.#line.splice(this.#line.indexOf(waiter), 1);
    else if (gone.aborted) this.ring();
  }
}
