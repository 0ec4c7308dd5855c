/** Hands out tasks with their recordings: at once, or as soon as there is one. It decides who gets what; HTTP only sends it. */
import { messageOf } from '../../src/app-error.ts';
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import type { Library } from '../library/library.ts';
import type { OpenRecording } from '../library/opened-recording.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { TaskCatalogue } from '../queue/task-catalogue.ts';
import type { Lease, TaskQueue, Worker } from '../queue/task-queue.ts';
import type { Bell } from './bell.ts';
import { findLease } from './find-lease.ts';
import { freshLeaseId } from './fresh-lease-id.ts';
import { about, type Leases } from './leases.ts';
import type { Peer } from './peer.ts';
import type { Readiness } from './readiness.ts';
import { type Digest, RecordingDigests } from './recording-digest.ts';
import { leaseLost, type Refusal, refuse, unknownTask } from './refusal.ts';
import { SetAside } from './set-aside.ts';
import type { Storage } from './storage.ts';

export type ClaimsOptions = {
  queue: TaskQueue;
  catalogue: TaskCatalogue;
  library: Library;
  leases: Leases;
  readiness: Readiness;
  storage: Storage;
  bell: Bell;
  metrics: Metrics;
  /** The term of a worker that sends heartbeats. */
  leaseMs: number;
  /** The term of the ancestor, which cannot. */
  legacyLeaseMs: number;
  clock: Clock;
  logger: Logger;
};

/** A lease with its recording, open: whoever gets it disposes of the recording. */
export type Grant = { kind: 'granted'; lease: Lease; recording: OpenRecording; sha256: string | undefined };
export type NoTask = { kind: 'none' };

const noTask: NoTask = { kind: 'none' };

export class Claims {
  readonly #options: ClaimsOptions;
  readonly #digests: RecordingDigests;
  readonly #setAside: SetAside;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#digests = new RecordingDigests(options);
    this.#setAside = new SetAside(options);
  }

  /**
   * @param waitMs how long to wait for a task to appear.
   * @param gone aborts when the worker hangs up: then it gets nothing, or hands back what it got.
   */
  async claim(worker: Worker, waitMs: number, gone: AbortSignal): Promise<Grant | NoTask | Refusal> {
    const { readiness, bell, clock, logger } = this.#options;
    let heard = bell.rings;
    const first = await this.#claimNow(worker, gone);
    if (first.kind !== 'none' || gone.aborted) return first;
    // Only now: a recording that opens proves the library.
    const objection = await readiness.objection();
    if (objection !== undefined) return refuse('not_ready', objection);

    const deadline = clock.now() + waitMs;
    const place = bell.newPlace();
    for (;;) {
      // Not longer where the clock was set back meanwhile.
      const leftMs = Math.min(deadline - clock.now(), waitMs);
      if (leftMs <= 0 || gone.aborted || readiness.isStopping) return noTask;
      logger.debug({ worker: worker.name, leftMs }, 'waits for a task');
      await bell.next(place, heard, leftMs, gone);
      heard = bell.rings;
      const outcome = await this.#claimNow(worker, gone);
      if (outcome.kind !== 'none') return outcome;
    }
  }

  /** The recording of a live lease again, for a download that broke off. */
  async openAudio(leaseId: string, peer: Peer, gone: AbortSignal): Promise<Grant | Refusal> {
    const { library, leases, readiness } = this.#options;
    const lease = await findLease(this.#options, leaseId, peer);
    if (lease === undefined) return unknownTask;
    if (lease.outcome !== undefined) return leaseLost;
    leases.heardOf(leaseId);
    const opened = await library.open(lease.path);
    if (opened.kind !== 'open') {
      const objection = (await readiness.objection()) ?? (await library.doubtAbout(lease.path));
      if (objection !== undefined) return refuse('not_ready', objection);
      await leases.handBack(lease, opened.reason);
      return refuse('recording_changed', `The recording cannot be read any more: ${opened.reason}.`);
    }
    if (opened.recording.fingerprint !== lease.fingerprint) {
      await this.#setAside.changed(lease, opened.recording);
      return refuse('recording_changed', 'The recording was replaced after it was handed out.');
    }
    const sendable = await this.#withDigest(lease, opened.recording, gone);
    if (sendable.kind === 'unreadable') return refuse('not_ready', `The recording cannot be read: ${sendable.reason}.`);
    return sendable.kind === 'gone' ? leaseLost : sendable;
  }

  /** @param isBegun whether the worker may have learned its lease. One of protocol 2 may come back for the rest then. */
  async downloadBroke(lease: Lease, isBegun: boolean): Promise<void> {
    const { leases } = this.#options;
    if (isBegun && lease.worker.protocol === 2) leases.expectAgain(lease);
    else await leases.handBack(lease, isBegun ? 'the download broke off' : 'the worker hung up');
  }

  /** Recordings that cannot be handed out are set aside until one can, or none is left. */
  async #claimNow(worker: Worker, gone: AbortSignal): Promise<Grant | NoTask | Refusal> {
    const { queue, leases, readiness, storage, metrics, leaseMs, legacyLeaseMs, clock, logger } = this.#options;
    const termMs = worker.protocol === 1 ? legacyLeaseMs : leaseMs;
    while (!gone.aborted && !readiness.isStopping) {
      // Nobody could take the transcript.
      const trouble = storage.isTroubled ? await storage.objection() : undefined;
      if (trouble !== undefined) return refuse('not_ready', trouble);
      const leaseId = freshLeaseId();
      // It travels with the claim, and shares its commit.
      this.#digests.flush();
      const lease = await queue.claim({ leaseId, worker, termMs }, clock.now());
      if (lease === undefined) return noTask;
      metrics.leaseGranted();
      try {
        const outcome = await this.#offer(lease, gone);
        if (outcome !== undefined) return outcome;
      } catch (error) {
        // Of the server, not of the recording: no descriptors, a locked database. Where it cannot be handed back it runs out.
        const reason = messageOf(error);
        await leases.handBack(lease, `the server failed: ${reason}`).catch(() => false);
        logger.error({ ...about(lease), reason }, 'a granted task could not be handed out');
        return refuse('not_ready', `The server cannot hand out a task now: ${reason}.`);
      }
    }
    return noTask;
  }

  /** @returns undefined where this one cannot be handed out: it was set aside, and the next may be tried. */
  async #offer(lease: Lease, gone: AbortSignal): Promise<Grant | Refusal | undefined> {
    const { library, leases, logger } = this.#options;
    if (lease.rival !== undefined && (await this.#yieldsTo(lease.rival, lease))) return undefined;
    const offer = await library.offer(lease.path, lease.language);
    if (offer.kind === 'gone' || offer.kind === 'unreadable') {
      const objection = await this.#setAside.notOpen(lease, offer);
      return objection === undefined ? undefined : refuse('not_ready', objection);
    }
    if (offer.kind === 'transcribed') {
      await this.#setAside.transcribed(lease);
      return undefined;
    }
    const { recording } = offer;
    if (recording.fingerprint !== lease.fingerprint) {
      await this.#setAside.changed(lease, recording);
      return undefined;
    }
    logger.info({ ...about(lease), epoch: lease.epoch }, 'granted');
    const sendable = await this.#withDigest(lease, recording, gone);
    if (sendable.kind === 'granted') return sendable;
    if (sendable.kind === 'unreadable') await this.#setAside.unreadable(lease, sendable.reason);
    else await leases.handBack(lease, 'the worker hung up');
    return undefined;
  }

  /** One worker at a time for recordings that would share a transcript, as long as both of them are there. */
  async #yieldsTo(rival: string, lease: Lease): Promise<boolean> {
    const opened = await this.#options.library.open(rival);
    if (opened.kind === 'gone') return false;
    if (opened.kind === 'open') await opened.recording[Symbol.asyncDispose]();
    await this.#setAside.rival(lease, rival);
    return true;
  }

  /** Closes the recording where it cannot be sent after all. */
  async #withDigest(
    lease: Lease,
    recording: OpenRecording,
    gone: AbortSignal,
  ): Promise<Grant | Exclude<Digest, { kind: 'known' }>> {
    let sha256 = this.#digests.known(lease, recording);
    let digest: Digest | undefined;
    // The ancestor does not look at it, so it need not wait for it.
    if (sha256 === undefined && lease.worker.protocol === 2) {
      digest = await this.#digests.of(lease, recording, gone);
      if (digest.kind === 'known') ({ sha256 } = digest);
    }
    if (!gone.aborted && (digest === undefined || digest.kind === 'known')) {
      return { kind: 'granted', lease, recording, sha256 };
    }
    await recording[Symbol.asyncDispose]();
    return digest?.kind === 'unreadable' ? digest : { kind: 'gone' };
  }
}
