/**
 * Takes transcripts in. The order is the promise: transcript durable on disk, then the task finished in the database, then the
 * answer. Whatever is repeated, late, or interrupted in between ends in one transcript and an honest answer.
 */
import { createHash } from 'node:crypto';
import { messageOf } from '../../src/app-error.ts';
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import type { ResultMessage } from '../../src/protocol/messages.ts';
import { emptyTranscript } from '../../src/protocol/web-vtt.ts';
import type { Delivery, Library } from '../library/library.ts';
import type { Lease, TaskQueue } from '../queue/task-queue.ts';
import { isFinished } from '../queue/task-state.ts';
import type { Bell } from './bell.ts';
import { about } from './leases.ts';
import { OneAtATime } from './one-at-a-time.ts';
import type { ProcessedCsv } from './processed-csv.ts';
import { readTranscript } from './read-transcript.ts';
import type { Readiness } from './readiness.ts';
import { type Accepted, accepted, type Refusal, refuse, unknownTask } from './refusal.ts';

export type DeliveriesOptions = {
  queue: TaskQueue;
  library: Library;
  readiness: Readiness;
  bell: Bell;
  processed: ProcessedCsv;
  clock: Clock;
  logger: Logger;
};

const alreadyFinished = refuse('already_finished', 'The task is finished with another transcript, which stays.');

export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #oneAtATime = new OneAtATime();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  async deliver(message: ResultMessage, ip: string): Promise<Accepted | Refusal> {
    const lease = await this.#options.queue.find(message.id);
    if (lease === undefined) return unknownTask;
    // Two workers may finish the same recording at once; the second shall find the first one's transcript noted.
    return this.#oneAtATime.run(lease.path, () => this.#deliverNow(message, ip));
  }

  async #deliverNow(message: ResultMessage, ip: string): Promise<Accepted | Refusal> {
    const { queue, library } = this.#options;
    const lease = await queue.find(message.id);
    if (lease === undefined) return unknownTask;
    const transcript = readTranscript(message.vtt);
    if (transcript.kind === 'unreadable') {
      return refuse('bad_transcript', `This is not a whole WebVTT: ${transcript.reason}.`);
    }
    const { hasSpeech } = transcript;
    const bytes = Buffer.from(hasSpeech ? message.vtt : emptyTranscript);
    const sha256 = createHash('sha256').update(bytes).digest('hex');

    if (lease.transcriptSha256 !== undefined) return lease.transcriptSha256 === sha256 ? accepted : alreadyFinished;
    if (isFinished(lease.taskState)) {
      return (await library.holdsTranscript(lease.path, bytes)) ? accepted : alreadyFinished;
    }
    const objection = await this.#objectionToRecording(lease);
    if (objection !== undefined) return objection;

    const delivery = await this.#write(lease, bytes);
    if (typeof delivery !== 'string') return delivery;
    if (delivery === 'other') return this.#yieldTo(lease);
    return this.#finish(lease, { message, ip, sha256, hasSpeech });
  }

  /** The transcript must be of the recording that lies there now. */
  async #objectionToRecording(lease: Lease): Promise<Refusal | undefined> {
    const { queue, library, readiness, bell, clock, logger } = this.#options;
    const opened = await library.open(lease.path);
    if (opened.kind === 'open') {
      await using recording = opened.recording;
      if (recording.fingerprint === lease.fingerprint) return undefined;
      await queue.replaceRecording(lease.leaseId, recording.fingerprint, clock.now());
      bell.ring();
      logger.warn(about(lease), 'recording changed while it was transcribed; queued anew');
      return refuse('recording_changed', 'The recording was replaced after it was handed out.');
    }
    const absence =
      opened.kind === 'unreadable'
        ? opened.reason
        : ((await readiness.objection()) ?? (await library.doubtAbout(lease.path)));
    if (absence !== undefined) return refuse('not_ready', `The recording cannot be looked at now: ${absence}.`);
    await queue.release(lease.leaseId, opened.reason, clock.now());
    return refuse('recording_changed', `The recording is gone: ${opened.reason}.`);
  }

  async #write(lease: Lease, bytes: Uint8Array): Promise<Delivery | Refusal> {
    try {
      return await this.#options.library.deliver(lease.path, bytes);
    } catch (error) {
      // Disk full, read-only, no permission: the worker keeps the transcript and comes again.
      this.#options.logger.error({ ...about(lease), reason: messageOf(error) }, 'cannot write a transcript');
      return refuse('not_ready', `The transcript cannot be written now: ${messageOf(error)}.`);
    }
  }

  async #yieldTo(lease: Lease): Promise<Refusal> {
    await this.#options.queue.yieldToFile(lease.leaseId, this.#options.clock.now());
    this.#options.logger.warn(about(lease), 'a transcript of somebody else lies there; it stays');
    return alreadyFinished;
  }

  async #finish(
    lease: Lease,
    { message, ip, sha256, hasSpeech }: { message: ResultMessage; ip: string; sha256: string; hasSpeech: boolean },
  ): Promise<Accepted | Refusal> {
    const { queue, processed, clock, logger } = this.#options;
    const state = hasSpeech ? 'done' : 'no_speech';
    // Where the scan was faster and noted the file as found, the task is done as well.
    await queue.complete(lease.leaseId, { state, sha256 }, clock.now());
    const { seconds, duration, language, model, engine } = message;
    const speed = seconds !== undefined && duration !== undefined && seconds > 0 ? duration / seconds : undefined;
    logger.info({ ...about(lease), state, seconds, duration, speed, language, model, engine }, 'delivered');
    await processed.add(lease, ip, clock.now());
    return accepted;
  }
}
