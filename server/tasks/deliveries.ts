/**
 * Takes transcripts in. The order is the promise: transcript durable on disk, then the task finished in the database, then the
 * answer. Whatever is repeated, late, or interrupted in between ends in one transcript and an honest answer.
 */
import { messageOf } from '../../src/app-error.ts';
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import { normaliseLanguage } from '../../src/protocol/languages.ts';
import type { Delivered, DeliveryRequest } from '../library/delivery.ts';
import type { Library } from '../library/library.ts';
import { formatName, transcriptName } from '../library/transcript-names.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { TaskCatalogue } from '../queue/task-catalogue.ts';
import type { Lease, LeaseKey, TaskQueue } from '../queue/task-queue.ts';
import { isFinished } from '../queue/task-state.ts';
import type { ReadTranscript, ResultDetails } from '../transcripts/read-result.ts';
import type { TranscriptReader } from '../transcripts/transcript-reader.ts';
import { withLanguage } from '../transcripts/write-formats.ts';
import type { Bell } from './bell.ts';
import { findLease } from './find-lease.ts';
import { about } from './leases.ts';
import { OneAtATime } from './one-at-a-time.ts';
import type { Peer } from './peer.ts';
import type { ProcessedCsv } from './processed-csv.ts';
import type { Readiness } from './readiness.ts';
import { type Accepted, accepted, type Refusal, refuse, unknownTask } from './refusal.ts';
import type { Storage } from './storage.ts';

export type DeliveriesOptions = {
  queue: TaskQueue;
  catalogue: TaskCatalogue;
  library: Library;
  reader: TranscriptReader;
  /** `{stem}.vtt` */
  transcriptPattern: string;
  readiness: Readiness;
  storage: Storage;
  bell: Bell;
  processed: ProcessedCsv;
  metrics: Metrics;
  clock: Clock;
  logger: Logger;
};

/** A transcript that was read, and the lease that it came under. */
type Arrival = { lease: Lease; key: LeaseKey; peer: Peer; details: ResultDetails; transcript: ReadTranscript };

const alreadyFinished = refuse('already_finished', 'The task is finished with another transcript, which stays.');

export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #oneAtATime = new OneAtATime();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** @param body of `POST /result`, as it came; it is handed over, do not look at it afterwards. */
  async deliver(body: Uint8Array, peer: Peer): Promise<Accepted | Refusal> {
    const outcome = await this.#take(body, peer);
    if (outcome.kind === 'refused') this.#options.metrics.deliveryRefused(outcome.code);
    return outcome;
  }

  async #take(body: Uint8Array, peer: Peer): Promise<Accepted | Refusal> {
    const { queue, reader, logger } = this.#options;
    const read = await reader.read(body);
    if (read.kind === 'refused') return read;
    const { message: details, transcript } = read;
    const lease = await findLease(this.#options, details.id, peer);
    if (lease === undefined) return unknownTask;
    if (transcript.kind === 'refused') {
      logger.warn({ ...about(lease), reason: transcript.detail }, 'a transcript was refused');
      return transcript;
    }
    const key = { leaseId: details.id, credential: peer.credential };
    // Two workers may finish the same recording at once; the second shall find the first one's transcript noted.
    return this.#oneAtATime.run(lease.path, async (hasWaited) => {
      const current = hasWaited ? await queue.find(key) : lease;
      return current === undefined ? unknownTask : this.#decide({ lease: current, key, peer, details, transcript });
    });
  }

  async #decide(arrival: Arrival): Promise<Accepted | Refusal> {
    const { lease, transcript } = arrival;
    if (lease.transcriptSha256 !== undefined) {
      return lease.transcriptSha256 === transcript.sha256 ? accepted : alreadyFinished;
    }
    if (isFinished(lease.taskState)) return this.#compare(arrival);
    const delivered = await this.#write(arrival);
    if (delivered.kind === 'refused') return delivered;
    if (delivered.kind === 'other') return this.#yieldTo(arrival);
    if (delivered.kind === 'changed') return this.#queueAnew(arrival, delivered);
    if (delivered.kind === 'gone' || delivered.kind === 'unreadable') return this.#objectTo(arrival, delivered);
    return this.#finish(arrival);
  }

  /** The scan found a transcript before this one was noted: this server may have written it, and been stopped right then. */
  async #compare(arrival: Arrival): Promise<Accepted | Refusal> {
    const { lease, transcript } = arrival;
    const [webVtt] = transcript.files;
    const isOurs = await this.#options.library.holdsTranscript(lease.path, lease.language, webVtt.bytes);
    if (!isOurs) return alreadyFinished;
    // Its name may not be durable yet, nor the other formats written.
    const delivered = await this.#write(arrival);
    return delivered.kind === 'refused' ? delivered : accepted;
  }

  async #write(arrival: Arrival): Promise<Delivered | Refusal> {
    const { lease } = arrival;
    const { library, storage, logger } = this.#options;
    try {
      const delivered = await library.deliver(this.#requestOf(arrival));
      if (delivered.kind === 'created') storage.works('library');
      if ('skipped' in delivered) {
        logger.warn(
          { ...about(lease), skipped: delivered.skipped },
          'other formats were not written: something lies there, or the name is too long',
        );
      }
      return delivered;
    } catch (error) {
      // Disk full, read-only, no permission: the worker keeps the transcript and comes again.
      storage.libraryFailed(error);
      logger.error({ ...about(lease), reason: messageOf(error) }, 'cannot write a transcript');
      return refuse('not_ready', `The transcript cannot be written now: ${messageOf(error)}.`);
    }
  }

  #requestOf({ lease, details, transcript }: Arrival): DeliveryRequest {
    const { path, fingerprint, recordingSha256 } = lease;
    const language = lease.language === 'auto' ? normaliseLanguage(details.language ?? '') : lease.language;
    const name = transcriptName(this.#options.transcriptPattern, path, language);
    const files = transcript.files.map(({ format, bytes }) => ({
      name: format === 'vtt' ? name : formatName(name, format),
      bytes: format === 'json' ? withLanguage(bytes, language) : bytes,
    }));
    return { path, fingerprint, recordingSha256, files };
  }

  async #yieldTo({ lease, key }: Arrival): Promise<Refusal> {
    const { queue, catalogue, clock, logger } = this.#options;
    const now = clock.now();
    await Promise.all([
      this.#end(lease, queue.release(key, { outcome: 'superseded', reason: undefined }, now), 'superseded'),
      catalogue.apply([{ kind: 'find', path: lease.path }], now),
    ]);
    logger.warn(about(lease), 'a transcript of somebody else lies there; it stays');
    return alreadyFinished;
  }

  /** The transcript must be of the recording that lies there now. */
  async #queueAnew({ lease, key }: Arrival, found: Extract<Delivered, { kind: 'changed' }>): Promise<Refusal> {
    const { queue, catalogue, bell, clock, logger } = this.#options;
    const { fingerprint, sizeBytes } = found;
    const now = clock.now();
    const outcome = 'recording_changed';
    await Promise.all([
      this.#end(lease, queue.release(key, { outcome, reason: undefined }, now), outcome),
      catalogue.apply([{ kind: 'replace', path: lease.path, fingerprint, sizeBytes, language: lease.language }], now),
    ]);
    bell.ring(1);
    logger.warn(about(lease), 'recording changed while it was transcribed; queued anew');
    return refuse('recording_changed', 'The recording was replaced after it was handed out.');
  }

  async #objectTo(
    { lease, key }: Arrival,
    { kind, reason }: Extract<Delivered, { kind: 'gone' | 'unreadable' }>,
  ): Promise<Refusal> {
    const { queue, library, readiness, clock } = this.#options;
    const absence =
      kind === 'unreadable' ? reason : ((await readiness.objection()) ?? (await library.doubtAbout(lease.path)));
    if (absence !== undefined) return refuse('not_ready', `The recording cannot be looked at now: ${absence}.`);
    const outcome = 'recording_changed';
    await this.#end(lease, queue.release(key, { outcome, reason }, clock.now()), outcome);
    return refuse('recording_changed', `The recording is gone: ${reason}.`);
  }

  async #finish({ lease, key, peer, details, transcript }: Arrival): Promise<Accepted | Refusal> {
    const { queue, processed, metrics, clock, logger } = this.#options;
    const state = transcript.hasSpeech ? 'done' : 'no_speech';
    const now = clock.now();
    // Where the scan was faster and noted the file as found, the task is done as well.
    await queue.complete(key, { state, sha256: transcript.sha256 }, now);
    if (lease.outcome === undefined) metrics.leaseEnded('delivered');
    const { seconds, duration, language, model, engine, suspect } = details;
    metrics.transcriptStored({
      state,
      transcriptBytes: transcript.files[0].bytes.byteLength,
      audioSeconds: duration,
      workSeconds: seconds,
      isSuspect: suspect !== undefined && suspect.length > 0,
      turnaroundSeconds: (now - lease.grantedAt) / 1000,
    });
    const speed = seconds !== undefined && duration !== undefined && seconds > 0 ? duration / seconds : undefined;
    logger.info({ ...about(lease), state, seconds, duration, speed, language, model, engine, suspect }, 'delivered');
    await processed.add(lease, peer.ip, now);
    return accepted;
  }

  async #end(lease: Lease, released: Promise<boolean>, outcome: 'superseded' | 'recording_changed'): Promise<void> {
    const hasEnded = await released;
    if (hasEnded && lease.outcome === undefined) this.#options.metrics.leaseEnded(outcome);
  }
}
