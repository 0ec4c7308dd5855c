/** What becomes of a granted task whose recording cannot be handed out: each reason has its own end of the lease. */
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import type { NotOpen } from '../library/open-recording.ts';
import type { OpenRecording } from '../library/opened-recording.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { LibraryChange, TaskCatalogue } from '../queue/task-catalogue.ts';
import type { Lease, TaskQueue } from '../queue/task-queue.ts';
import type { Bell } from './bell.ts';
import { keyOf } from './leases.ts';
import type { Readiness } from './readiness.ts';

export type SetAsideOptions = {
  queue: Pick<TaskQueue, 'release' | 'fail'>;
  catalogue: Pick<TaskCatalogue, 'apply'>;
  readiness: Readiness;
  bell: Bell;
  metrics: Metrics;
  clock: Clock;
  logger: Logger;
};

type Release = Parameters<TaskQueue['release']>[1];

export class SetAside {
  readonly #options: SetAsideOptions;

  constructor(options: SetAsideOptions) {
    this.#options = options;
  }

  /** A transcript appeared since the last scan. */
  async transcribed(lease: Lease): Promise<void> {
    this.#options.logger.info({ path: lease.path }, 'a transcript lies there already');
    const { path } = lease;
    await this.#end(lease, { outcome: 'superseded', reason: 'a transcript lies there' }, { kind: 'find', path });
  }

  /** The recording was replaced since the scan saw it, or since it was handed out: it is queued anew. */
  async changed(lease: Lease, recording: OpenRecording): Promise<void> {
    await using opened = recording;
    const { fingerprint, sizeBytes } = opened;
    const { path, language } = lease;
    const change = { kind: 'replace', path, fingerprint, sizeBytes, language } as const;
    await this.#end(lease, { outcome: 'recording_changed', reason: undefined }, change);
    this.#options.bell.ring();
  }

  /** Another recording whose transcript would have the same name is being worked on. */
  async rival(lease: Lease, rival: string): Promise<void> {
    await this.#withhold(lease, `its transcript would have the name of that of ${rival}; rename one`);
  }

  /** @returns why nothing can be handed out at all, where it is the library that is gone and not just this recording. */
  async notOpen(lease: Lease, { kind, reason }: NotOpen): Promise<string | undefined> {
    const { queue, readiness, metrics, clock } = this.#options;
    const objection = await readiness.objection();
    if (objection !== undefined) {
      const isEnded = await queue.release(keyOf(lease), { outcome: 'released', reason: objection }, clock.now());
      if (isEnded) metrics.leaseEnded('released');
    } else if (kind === 'unreadable') {
      await this.unreadable(lease, reason);
    } else {
      await this.#withhold(lease, reason);
    }
    return objection;
  }

  /** It is there and cannot be read: that counts, so that a broken disk does not keep the fleet busy. */
  async unreadable(lease: Lease, reason: string): Promise<void> {
    const { queue, metrics, clock, logger } = this.#options;
    const next = await queue.fail(keyOf(lease), `the server cannot read it: ${reason}`, clock.now());
    if (next !== undefined) metrics.leaseEnded('failed');
    logger.warn({ path: lease.path, reason, ...next }, 'recording cannot be read');
  }

  async #withhold(lease: Lease, reason: string): Promise<void> {
    this.#options.logger.warn({ path: lease.path, reason }, 'not offered until a scan finds it');
    await this.#end(lease, { outcome: 'released', reason }, { kind: 'withhold', path: lease.path });
  }

  /** Both travel together, so that nobody gets the task in between. */
  async #end(lease: Lease, end: Release, change: LibraryChange): Promise<void> {
    const { queue, catalogue, metrics, clock } = this.#options;
    const now = clock.now();
    const [isEnded] = await Promise.all([queue.release(keyOf(lease), end, now), catalogue.apply([change], now)]);
    if (isEnded) metrics.leaseEnded(end.outcome);
  }
}
