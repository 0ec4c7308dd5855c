/**
 * What broken workers say of themselves with each heartbeat, remembered so that it is told once: when it is new, and when it is over.
 * However many workers there are, or say that they are, little is remembered. Pure.
 */
import { printable } from '../../src/printable.ts';

export type TroubleNews = { kind: 'none' } | { kind: 'new'; trouble: string } | { kind: 'over' };

const mostWorkers = 1000;

export class WorkerTroubles {
  readonly #troubles = new Map<string, string>();

  get isEmpty(): boolean {
    return this.#troubles.size === 0;
  }

  /** @param said undefined or empty: the worker is well. */
  note(worker: string, said: string | undefined): TroubleNews {
    const trouble = printable(said ?? '');
    if (trouble === '') return this.#troubles.delete(worker) ? { kind: 'over' } : { kind: 'none' };
    const before = this.#troubles.get(worker);
    // Anew at the end: who is silent for longest is forgotten first.
    this.#troubles.delete(worker);
    this.#troubles.set(worker, trouble);
    const [oldest] = this.#troubles.keys();
    if (this.#troubles.size > mostWorkers && oldest !== undefined) this.#troubles.delete(oldest);
    return before === trouble ? { kind: 'none' } : { kind: 'new', trouble };
  }
}
