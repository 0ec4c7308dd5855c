/**
 * Has what workers deliver read in a thread of its own, one body after the other. A body that takes too long or too much memory is
 * refused and its thread given up; the others that were with it are read again. It decides nothing about tasks.
 */
import type { TranscriptFormat } from '../../src/config/transcript-settings.ts';
import type { Logger } from '../../src/logger.ts';
import type { Refusal } from '../tasks/refusal.ts';
import { deliverError } from '../threads/calls.ts';
import { startThread, type Thread } from '../threads/thread.ts';
import type { Bodies, ReadAnswer, ReaderStart } from './reader-thread.ts';
import { type ReadResult, tooMuchWork } from './read-result.ts';

export type TranscriptReaderOptions = {
  /** The first one is `vtt`. */
  formats: readonly TranscriptFormat[];
  logger: Logger;
  /** One body may take so long; a little more where others were read with it. */
  limitMs?: number;
  /** What the thread may hold, in MiB. */
  memoryMb?: number;
};

type Waiting = {
  body: Uint8Array;
  resolve: (read: ReadResult | Refusal) => void;
  reject: (error: unknown) => void;
};

type ReaderVerbs = { readAll: (bodies: Bodies) => ReadAnswer[] };

/** Bodies up to this are copied and sent together; a larger one is handed over, and goes alone. */
const longestShared = 64 * 1024;
const mostTogether = 64;
const longestReadMs = 10_000;
const looksWithinLimit = 10;
/** Far more than a transcript of the longest body needs. */
const mostMemoryMb = 512;

export class TranscriptReader {
  readonly #options: TranscriptReaderOptions;
  readonly #progress = new Int32Array(new SharedArrayBuffer(4));
  #thread: Promise<Thread<ReaderVerbs>> | undefined;
  #waiting: Waiting[] = [];
  #isReading = false;
  #isClosed = false;

  constructor(options: TranscriptReaderOptions) {
    this.#options = options;
  }

  /** Starts the thread, so that the first body does not wait for it. */
  async start(): Promise<void> {
    await this.#running();
  }

  /** @param body is handed over where it owns its memory: do not look at it afterwards. */
  read(body: Uint8Array): Promise<ReadResult | Refusal> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ body, resolve, reject });
      void this.#readWaiting();
    });
  }

  /** Nothing is being read any more when it is called; the thread is ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const thread = this.#thread;
    this.#thread = undefined;
    await (await thread?.catch(() => {}))?.end();
  }

  async #readWaiting(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      try {
        await this.#readGroup(group);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#isReading = false;
  }

  #nextGroup(): Waiting[] {
    const first = this.#waiting.findIndex(({ body }) => body.byteLength > longestShared);
    const small = first === -1 ? this.#waiting.length : first;
    return this.#waiting.splice(0, Math.min(Math.max(small, 1), mostTogether));
  }

  async #readGroup(group: readonly Waiting[]): Promise<void> {
    const thread = await this.#running();
    const bodies = together(group.map(({ body }) => body));
    Atomics.store(this.#progress, 0, 0);
    const watch = this.#watch(thread);
    try {
      const answers = (await thread.calls.call('readAll', [bodies], [bodies.bytes])) as ReadAnswer[];
      for (const [index, { resolve, reject }] of group.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new Error('the reader of transcripts left out an answer'));
        else if (answer.kind === 'broken') reject(deliverError(answer.error));
        else resolve(answer);
      }
    } catch (error) {
      // The thread catches what goes wrong in it: this is its end.
      if (this.#isClosed) throw error;
      this.#giveUp(thread);
      this.#refuseCulprit(group);
    } finally {
      clearInterval(watch);
    }
  }

  /** The next body gets a new thread. */
  #giveUp(thread: Thread<ReaderVerbs>): void {
    this.#thread = undefined;
    void thread.end();
  }

  #refuseCulprit(group: readonly Waiting[]): void {
    const index = Atomics.load(this.#progress, 0);
    const culprit = group[index];
    this.#options.logger.warn({ sizeBytes: culprit?.body.byteLength }, 'a transcript took too much work to be read');
    culprit?.resolve(tooMuchWork);
    this.#waiting.unshift(...group.filter((one) => one !== culprit));
  }

  /**
   * Ends the thread when it stays with one body for too long. Looked at several times within the limit: where the whole process was
   * stopped (a suspended machine), that is one look, and no reason to refuse a good transcript for ever.
   */
  #watch(thread: Thread<ReaderVerbs>): NodeJS.Timeout {
    let seen = 0;
    let looks = 0;
    return setInterval(
      () => {
        const now = Atomics.load(this.#progress, 0);
        looks = now === seen ? looks + 1 : 0;
        if (looks === looksWithinLimit) this.#giveUp(thread);
        seen = now;
      },
      (this.#options.limitMs ?? longestReadMs) / looksWithinLimit,
    );
  }

  #running(): Promise<Thread<ReaderVerbs>> {
    if (this.#isClosed) return Promise.reject(new Error('the reader of transcripts is closed'));
    if (this.#thread !== undefined) return this.#thread;
    const thread = startThread<ReaderVerbs, ReaderStart>({
      name: 'the reader of transcripts',
      file: new URL('./reader-thread', import.meta.url),
      data: { formats: this.#options.formats, progress: this.#progress },
      limits: { maxOldGenerationSizeMb: this.#options.memoryMb ?? mostMemoryMb },
      onFailure: () => {
        if (this.#thread === thread) this.#thread = undefined;
      },
    });
    this.#thread = thread;
    thread.catch(() => {
      if (this.#thread === thread) this.#thread = undefined;
    });
    return thread;
  }
}

/** In memory of their own, which is handed over. A large body comes alone, and mostly owns its memory already. */
function together(bodies: readonly Uint8Array[]): Bodies {
  const lengths = bodies.map((body) => body.byteLength);
  const [first] = bodies;
  if (first !== undefined && bodies.length === 1 && first.byteLength > longestShared && first.byteOffset === 0) {
    if (first.buffer instanceof ArrayBuffer) return { bytes: first.buffer, lengths };
  }
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let start = 0;
  for (const body of bodies) {
    bytes.set(body, start);
    start += body.byteLength;
  }
  return { bytes: bytes.buffer, lengths };
}
