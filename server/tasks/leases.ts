/** What becomes of a lease after it was granted, other than a transcript: renewed, handed back, failed, run out. */
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import type { Lease, TaskQueue } from '../queue/task-queue.ts';
import type { Bell } from './bell.ts';
import type { ProcessedCsv } from './processed-csv.ts';
import { type Accepted, accepted, leaseLost, type Refusal, unknownTask } from './refusal.ts';

export type LeasesOptions = {
  queue: TaskQueue;
  bell: Bell;
  processed: ProcessedCsv;
  /** The pause between two sweeps. */
  sweepMs: number;
  clock: Clock;
  logger: Logger;
};

/** So much later than expected, or earlier at all, and the clock was set or the machine slept: nobody could send heartbeats. */
const jumpMs = 30_000;

/** How a lease is named in the log. */
export function about(lease: Lease): { path: string; lease: string; worker: string; ip: string } {
  const { name, ip } = lease.worker;
  return { path: lease.path, lease: lease.leaseId, worker: name ?? 'unnamed', ip };
}

export class Leases {
  readonly #options: LeasesOptions;
  /** Wall time of the last sweep that succeeded. */
  #sweptAt: number;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#sweptAt = options.clock.now();
  }

  async renew(leaseId: string): Promise<Accepted | Refusal> {
    const { queue, clock } = this.#options;
    if (await queue.renew(leaseId, clock.now())) return accepted;
    return (await queue.find(leaseId)) === undefined ? unknownTask : leaseLost;
  }

  async release(leaseId: string, reason: string | undefined): Promise<Accepted | Refusal> {
    const lease = await this.#options.queue.find(leaseId);
    if (lease === undefined) return unknownTask;
    if (await this.handBack(lease, reason)) return accepted;
    return lease.outcome === 'released' ? accepted : leaseLost;
  }

  async fail(leaseId: string, reason: string, ip: string): Promise<Accepted | Refusal> {
    const { queue, clock, processed, logger } = this.#options;
    const lease = await queue.find(leaseId);
    if (lease === undefined) return unknownTask;
    const next = await queue.fail(leaseId, reason, clock.now());
    // The same report again: the answer to the first one was lost.
    if (next === undefined) return lease.outcome === 'failed' ? accepted : leaseLost;
    logger.info({ ...about(lease), reason, ...next }, 'failed');
    await processed.add(lease, ip, clock.now(), reason);
    return accepted;
  }

  /** @returns false when the lease has ended already. */
  async handBack(lease: Lease, reason: string | undefined): Promise<boolean> {
    const { queue, clock, bell, logger } = this.#options;
    if (!(await queue.release(lease.leaseId, reason, clock.now()))) return false;
    logger.info({ ...about(lease), reason }, 'released');
    bell.ring();
    return true;
  }

  /** Ends leases that ran out and wakes tasks that waited long enough. */
  async sweep(): Promise<void> {
    const { queue, clock, bell, logger, sweepMs } = this.#options;
    const now = clock.now();
    const passedMs = now - this.#sweptAt;
    if (passedMs < 0 || passedMs > sweepMs + jumpMs) {
      const leases = await queue.refreshTerms(now);
      if (leases > 0)
        logger.warn({ passedMs, leases }, 'the clock jumped, or the sweep was held up; leases got a fresh term');
    }
    const { expired, woken } = await queue.sweep(now);
    // Not where it failed: while the database was locked, no heartbeat could be noted either.
    this.#sweptAt = now;
    for (const { lease, next } of expired) logger.warn({ ...about(lease), ...next }, 'lease lost');
    if (woken > 0) bell.ring();
  }
}
