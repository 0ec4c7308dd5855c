/**
 * Remembers the leases whose download broke off while the worker may come back for the rest. One that is not heard of again within two
 * heartbeats hung up before it learned its lease: the task is handed back then, long before the lease runs out. Pure: time comes in.
 */
import { heartbeatSeconds } from '../../src/protocol/wire.ts';
import type { Lease } from '../queue/task-queue.ts';

const patienceMs = 2 * heartbeatSeconds * 1000;

export class BrokenDownloads {
  readonly #since = new Map<string, { lease: Lease; at: number }>();

  add(lease: Lease, now: number): void {
    this.#since.set(lease.leaseId, { lease, at: now });
  }

  /** The worker was heard of. */
  forget(leaseId: string): void {
    this.#since.delete(leaseId);
  }

  /** After a jump of the clock nobody could be heard of: everybody gets the whole time again. */
  startAnew(now: number): void {
    for (const broken of this.#since.values()) broken.at = now;
  }

  /** @returns those who were waited for long enough, and forgets them. */
  takeOverdue(now: number): Lease[] {
    const overdue = [...this.#since.values()].filter(({ at }) => now - at >= patienceMs).map(({ lease }) => lease);
    for (const { leaseId } of overdue) this.#since.delete(leaseId);
    return overdue;
  }
}
