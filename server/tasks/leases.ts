/** What becomes of a lease after it was granted, other than a transcript: renewed, handed back, failed, run out. */
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import type { Fault } from '../../src/protocol/messages.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { TaskDesk } from '../queue/task-desk.ts';
import type { Lease, LeaseKey, TaskQueue } from '../queue/task-queue.ts';
import type { Bell } from './bell.ts';
import { BrokenDownloads } from './broken-downloads.ts';
import { findLease } from './find-lease.ts';
import type { Peer } from './peer.ts';
import type { ProcessedCsv } from './processed-csv.ts';
import { type Accepted, accepted, leaseLost, type Refusal, unknownTask } from './refusal.ts';
import { WorkerTroubles } from './worker-troubles.ts';

export type LeasesOptions = {
  queue: TaskQueue;
  desk: Pick<TaskDesk, 'figures'>;
  bell: Bell;
  processed: ProcessedCsv;
  metrics: Metrics;
  /** Another program changed the tasks. */
  onChangedFromOutside?: () => void;
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

/** What is sent to the store to say which lease is meant. */
export function keyOf({ leaseId, credential }: Lease): LeaseKey {
  return { leaseId, credential };
}

export class Leases {
  readonly #options: LeasesOptions;
  readonly #broken = new BrokenDownloads();
  readonly #troubles = new WorkerTroubles();
  /** Wall time of the last sweep that succeeded. */
  #sweptAt: number;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#sweptAt = options.clock.now();
  }

  /** @param trouble what keeps the worker from taking more tasks, in its words. */
  async renew(leaseId: string, peer: Peer, trouble?: string): Promise<Accepted | Refusal> {
    const { queue, clock } = this.#options;
    if (await queue.renew({ leaseId, credential: peer.credential }, clock.now())) {
      this.#broken.forget(leaseId);
      await this.#noteTrouble(leaseId, peer, trouble);
      return accepted;
    }
    return (await findLease(this.#options, leaseId, peer)) === undefined ? unknownTask : leaseLost;
  }

  /** Said once, not with every heartbeat. */
  async #noteTrouble(leaseId: string, peer: Peer, trouble: string | undefined): Promise<void> {
    // The usual heartbeat costs nothing here.
    if (trouble === undefined && this.#troubles.isEmpty) return;
    const lease = await findLease(this.#options, leaseId, peer);
    if (lease === undefined) return;
    const { worker, ip } = about(lease);
    const news = this.#troubles.note(lease.worker.name ?? ip, trouble);
    const { logger } = this.#options;
    if (news.kind === 'new')
      logger.warn({ worker, ip, trouble: news.trouble }, 'a worker is broken and takes no more tasks');
    if (news.kind === 'over') logger.info({ worker, ip }, 'a worker that was broken works again');
  }

  async release(leaseId: string, reason: string | undefined, peer: Peer): Promise<Accepted | Refusal> {
    const lease = await findLease(this.#options, leaseId, peer);
    if (lease === undefined) return unknownTask;
    if (await this.handBack(lease, reason)) return accepted;
    return lease.outcome === 'released' ? accepted : leaseLost;
  }

  /** @param failure `fault`: whom the worker blames; told to people, and of no other effect. */
  async fail(
    leaseId: string,
    { reason, fault }: { reason: string; fault?: Fault | undefined },
    peer: Peer,
  ): Promise<Accepted | Refusal> {
    const { queue, clock, processed, metrics, logger } = this.#options;
    const lease = await findLease(this.#options, leaseId, peer);
    if (lease === undefined) return unknownTask;
    const next = await queue.fail(keyOf(lease), reason, clock.now());
    // The same report again: the answer to the first one was lost.
    if (next === undefined) return lease.outcome === 'failed' ? accepted : leaseLost;
    metrics.leaseEnded('failed');
    logger.info({ ...about(lease), reason, fault, ...next }, 'failed');
    await processed.add(lease, peer.ip, clock.now(), reason);
    return accepted;
  }

  /** @returns false when the lease has ended already. */
  async handBack(lease: Lease, reason: string | undefined): Promise<boolean> {
    const { queue, clock, bell, metrics, logger } = this.#options;
    if (!(await queue.release(keyOf(lease), { outcome: 'released', reason }, clock.now()))) return false;
    metrics.leaseEnded('released');
    logger.info({ ...about(lease), reason }, 'released');
    bell.ring();
    return true;
  }

  /** Its worker may come back for the rest; where it does not, the task is handed back. */
  expectAgain(lease: Lease): void {
    this.#broken.add(lease, this.#options.clock.now());
  }

  /** It came back. */
  heardOf(leaseId: string): void {
    this.#broken.forget(leaseId);
  }

  /** Ends leases that ran out, wakes tasks that waited long enough, and sees to it that nobody waits beside work. */
  async sweep(): Promise<void> {
    const { queue, clock, metrics, logger, sweepMs } = this.#options;
    const now = clock.now();
    const passedMs = now - this.#sweptAt;
    const hasJumped = passedMs < 0 || passedMs > sweepMs + jumpMs;
    const { expired, woken, refreshed, isChangedFromOutside } = await queue.sweep(now, hasJumped);
    // Not where it failed: while the database was locked, no heartbeat could be noted either.
    this.#sweptAt = now;
    if (hasJumped) this.#broken.startAnew(now);
    if (refreshed > 0) {
      const message = 'the clock jumped, or the sweep was held up; leases got a fresh term';
      logger.warn({ passedMs, leases: refreshed }, message);
    }
    for (const { lease, next } of expired) {
      metrics.leaseEnded('expired');
      logger.warn({ ...about(lease), ...next }, 'lease lost');
    }
    if (isChangedFromOutside) {
      logger.debug('another program changed the tasks');
      this.#options.onChangedFromOutside?.();
    }
    for (const lease of this.#broken.takeOverdue(now)) {
      await this.handBack(lease, 'the download broke off and nobody came for the rest');
    }
    await this.#ringForPending(woken);
  }

  /** Also for tasks that came to be pending unheard: by another program, or where a turn was lost. */
  async #ringForPending(woken: number): Promise<void> {
    const { bell, desk } = this.#options;
    bell.ring(woken);
    if (bell.waiting > 0) bell.ring((await desk.figures()).tasks.pending);
  }
}
