/** Hands out tasks with their recordings: at once, or as soon as there is one. It decides who gets what; HTTP only sends it. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import type { Library } from '../library/library.ts';
import type { Opened, OpenRecording } from '../library/open-recording.ts';
import type { TaskCatalogue } from '../queue/task-catalogue.ts';
import type { Lease, TaskQueue, Worker } from '../queue/task-queue.ts';
import type { Bell } from './bell.ts';
import { about, type Leases } from './leases.ts';
import type { Readiness } from './readiness.ts';
import { type Digest, digestOf } from './recording-digest.ts';
import { leaseLost, type Refusal, refuse, unknownTask } from './refusal.ts';

export type ClaimsOptions = {
  queue: TaskQueue;
  catalogue: TaskCatalogue;
  library: Library;
  leases: Leases;
  readiness: Readiness;
  bell: Bell;
  /** The term of a worker that sends heartbeats. */
  leaseMs: number;
  /** The term of the ancestor, which cannot. */
  legacyLeaseMs: number;
  clock: Clock;
  logger: Logger;
};

/** A lease with its recording, open: whoever gets it closes the recording. */
export type Grant = { kind: 'granted'; lease: Lease; recording: OpenRecording; sha256: string | undefined };
export type NoTask = { kind: 'none' };

const noTask: NoTask = { kind: 'none' };

export class Claims {
  readonly #options: ClaimsOptions;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /**
   * @param waitMs how long to wait for a task to appear.
   * @param gone aborts when the worker hangs up: then it gets nothing, or hands back what it got.
   */
  async claim(worker: Worker, waitMs: number, gone: AbortSignal): Promise<Grant | NoTask | Refusal> {
    const { readiness, bell, clock, logger } = this.#options;
    const objection = await readiness.objection();
    if (objection !== undefined) return refuse('not_ready', objection);
    const deadline = clock.now() + waitMs;
    for (;;) {
      const heard = bell.rings;
      const outcome = await this.#claimNow(worker, gone);
      if (outcome.kind !== 'none') return outcome;
      const leftMs = deadline - clock.now();
      if (leftMs <= 0 || gone.aborted || readiness.isStopping) return noTask;
      logger.debug({ worker: worker.name, leftMs }, 'waits for a task');
      await bell.next(heard, leftMs, gone);
    }
  }

  /** The recording of a live lease again, for a download that broke off. */
  async openAudio(leaseId: string, gone: AbortSignal): Promise<Grant | Refusal> {
    const { queue, library, leases, readiness, bell, clock } = this.#options;
    const lease = await queue.find(leaseId);
    if (lease === undefined) return unknownTask;
    if (lease.outcome !== undefined) return leaseLost;
    const opened = await library.open(lease.path);
    if (opened.kind !== 'open') {
      const objection = (await readiness.objection()) ?? (await library.doubtAbout(lease.path));
      if (objection !== undefined) return refuse('not_ready', objection);
      await leases.handBack(lease, opened.reason);
      return refuse('recording_changed', `The recording cannot be read any more: ${opened.reason}.`);
    }
    if (opened.recording.fingerprint !== lease.fingerprint) {
      await this.#queueAnew(lease, opened.recording, clock.now());
      bell.ring();
      return refuse('recording_changed', 'The recording was replaced after it was handed out.');
    }
    const sendable = await this.#withDigest(lease, opened.recording, gone);
    if (sendable.kind === 'unreadable') return refuse('not_ready', `The recording cannot be read: ${sendable.reason}.`);
    return sendable.kind === 'gone' ? leaseLost : sendable;
  }

  /** The worker hung up before it had the whole recording. One of protocol 2 may come back for the rest. */
  async downloadBroke(lease: Lease): Promise<void> {
    if (lease.worker.protocol === 1) await this.#options.leases.handBack(lease, 'the download broke off');
  }

  /** Recordings that cannot be handed out are set aside until one can, or none is left. */
  async #claimNow(worker: Worker, gone: AbortSignal): Promise<Grant | NoTask | Refusal> {
    const { queue, library, leases, readiness, leaseMs, legacyLeaseMs, clock, logger } = this.#options;
    const termMs = worker.protocol === 1 ? legacyLeaseMs : leaseMs;
    while (!gone.aborted && !readiness.isStopping) {
      const leaseId = randomBytes(16).toString('hex');
      const lease = await queue.claim({ leaseId, worker, termMs }, clock.now());
      if (lease === undefined) return noTask;
      if (await this.#hasTranscript(lease)) {
        await queue.yieldToFile(leaseId, clock.now());
        logger.info({ path: lease.path }, 'a transcript lies there already');
        continue;
      }

      const opened = await library.open(lease.path);
      if (opened.kind === 'open' && opened.recording.fingerprint === lease.fingerprint) {
        logger.info({ ...about(lease), epoch: lease.epoch }, 'granted');
        const sendable = await this.#withDigest(lease, opened.recording, gone);
        if (sendable.kind === 'granted') return sendable;
        if (sendable.kind === 'unreadable') await this.#countUnreadable(lease, sendable.reason);
        else await leases.handBack(lease, 'the worker hung up');
      } else if (opened.kind === 'open') {
        await this.#queueAnew(lease, opened.recording, clock.now());
      } else {
        const objection = await this.#setAside(lease, opened);
        if (objection !== undefined) return refuse('not_ready', objection);
      }
    }
    return noTask;
  }

  /** It may have appeared since the last scan. What cannot be looked at now shows itself when the recording is opened. */
  async #hasTranscript(lease: Lease): Promise<boolean> {
    return this.#options.library.hasTranscript(lease.path).catch(() => false);
  }

  /** Closes the recording where it cannot be sent after all. */
  async #withDigest(
    lease: Lease,
    recording: OpenRecording,
    gone: AbortSignal,
  ): Promise<Grant | Exclude<Digest, { kind: 'known' }>> {
    const { queue, clock } = this.#options;
    // The ancestor does not look at it, so it need not wait for it.
    const isAsked = lease.worker.protocol === 2;
    const digest = isAsked ? await digestOf(lease, recording, { queue, clock, gone }) : undefined;
    if (!gone.aborted && (digest === undefined || digest.kind === 'known')) {
      return { kind: 'granted', lease, recording, sha256: digest?.sha256 };
    }
    await recording[Symbol.asyncDispose]();
    return digest?.kind === 'unreadable' ? digest : { kind: 'gone' };
  }

  /** The recording was replaced since the scan saw it. */
  async #queueAnew(lease: Lease, recording: OpenRecording, now: number): Promise<void> {
    await recording[Symbol.asyncDispose]();
    await this.#options.queue.replaceRecording(lease.leaseId, recording.fingerprint, now);
  }

  /** @returns why nothing can be handed out at all, where it is the library that is gone and not just this recording. */
  async #setAside(lease: Lease, opened: Exclude<Opened, { kind: 'open' }>): Promise<string | undefined> {
    const { queue, catalogue, readiness, clock, logger } = this.#options;
    const objection = await readiness.objection();
    if (objection === undefined && opened.kind === 'unreadable') {
      await this.#countUnreadable(lease, opened.reason);
      return undefined;
    }
    await queue.release(lease.leaseId, objection ?? opened.reason, clock.now());
    if (objection !== undefined) return objection;
    logger.warn({ path: lease.path, reason: opened.reason }, 'not offered until a scan finds it');
    await catalogue.apply([{ kind: 'withhold', path: lease.path }], clock.now());
    return undefined;
  }

  async #countUnreadable(lease: Lease, reason: string): Promise<void> {
    const { queue, clock, logger } = this.#options;
    const next = await queue.fail(lease.leaseId, `the server cannot read it: ${reason}`, clock.now());
    logger.warn({ path: lease.path, reason, ...next }, 'recording cannot be read');
  }
}
