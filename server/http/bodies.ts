/**
 * Reads request bodies into memory, never more than is allowed: of one, and of all together. A body is refused by its headers where
 * they tell enough, and else as soon as it is too much or too slow.
 */
import type { IncomingMessage } from 'node:http';
import { type Refusal, refuse } from '../tasks/refusal.ts';
import type { HttpLimits } from './http-limits.ts';

/** The client left before the end of its body: nobody is there to be answered. */
export class HungUp extends Error {
  constructor() {
    super('the client hung up');
    this.name = 'HungUp';
  }
}

export type Held = {
  outcome: Buffer | Refusal;
  /** What the body takes in memory, until `release`. */
  heldBytes: number;
};

/** Room that is taken first, where a body does not come in one piece. */
const firstBytes = 16 * 1024;
const overloaded = refuse('overloaded', 'Too many bodies are on their way at once; come again.');
const tooSlow = refuse('request_timeout', 'The body came too slowly.');
/** Deadlines are rounded up to this, so that timers share their lists. */
const roundMs = 15_000;

export class Bodies {
  readonly #limits: HttpLimits;
  #heldBytes = 0;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** Of all bodies that are in memory now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  release(heldBytes: number): void {
    this.#heldBytes -= heldBytes;
  }

  /** @throws HungUp */
  read(
    request: IncomingMessage,
    longestBytes: number = this.#limits.bodyBytes,
    onAcceptable: () => void = () => {},
  ): Promise<Held> {
    const announced = Number(request.headers['content-length'] ?? Number.NaN);
    const objection = this.#objectionToHeaders(request, announced, longestBytes);
    if (objection !== undefined) return Promise.resolve({ outcome: objection, heldBytes: 0 });
    onAcceptable();
    return new Promise((resolve, reject) => {
      const body = new GrowingBody(longestBytes, announced, (moreBytes) => this.#hold(moreBytes));
      const deadlineMs = (): number => this.#deadlineMs(Number.isNaN(announced) ? body.sizeBytes : announced);
      let grantedMs = deadlineMs();
      // Of what was not announced, only what came earns time.
      const onDeadline = (): void => {
        const moreMs = deadlineMs() - grantedMs;
        if (moreMs <= 0) return end(tooSlow);
        grantedMs += moreMs;
        timer = setTimeout(onDeadline, moreMs);
      };
      let timer = setTimeout(onDeadline, grantedMs);
      const end = (outcome: Refusal | undefined, error?: Error): void => {
        clearTimeout(timer);
        request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
        // What still comes is thrown away by whoever answers.
        request.resume();
        if (outcome === undefined && error === undefined) {
          resolve({ outcome: body.bytes(), heldBytes: body.heldBytes });
          return;
        }
        this.release(body.heldBytes);
        if (error !== undefined) {
          request.on('error', () => {});
          reject(error);
        } else if (outcome !== undefined) resolve({ outcome, heldBytes: 0 });
      };
      const onData = (chunk: Buffer): void => {
        const objection = body.add(chunk);
        if (objection !== undefined) end(objection);
      };
      const onEnd = (): void => end(undefined);
      const onClose = (): void => end(undefined, new HungUp());
      request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
      if (request.destroyed) onClose();
    });
  }

  #hold(moreBytes: number): boolean {
    if (this.#heldBytes + moreBytes > this.#limits.allBodiesBytes) return false;
    this.#heldBytes += moreBytes;
    return true;
  }

  /** A type that is not stated is taken for JSON, as the ancestor's clients send nothing else. */
  #objectionToHeaders({ headers }: IncomingMessage, announced: number, longestBytes: number): Refusal | undefined {
    const type = headers['content-type'];
    if (type !== undefined && type !== 'application/json' && type !== '' && !/\bjson\b/iu.test(type)) {
      return refuse('unsupported_media_type', `The body must be application/json, not ${type.slice(0, 100)}.`);
    }
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
      return refuse('unsupported_media_type', 'The body must not be compressed.');
    }
    if (announced > longestBytes) return tooLarge(longestBytes);
    return this.#heldBytes >= this.#limits.allBodiesBytes ? overloaded : undefined;
  }

  #deadlineMs(sizeBytes: number): number {
    const { bodyMs, bodyBytesPerSecond } = this.#limits;
    return bodyMs + Math.floor(((sizeBytes / bodyBytesPerSecond) * 1000) / roundMs) * roundMs;
  }
}

const tooLarge = (longestBytes: number): Refusal =>
  refuse('body_too_large', `A body may have ${longestBytes} bytes here.`);

/** Copies pieces into one buffer: a body in single bytes would otherwise cost a hundred times its size. */
class GrowingBody {
  readonly #longestBytes: number;
  readonly #announced: number;
  readonly #hold: (moreBytes: number) => boolean;
  #buffer: Buffer = Buffer.alloc(0);
  sizeBytes = 0;
  heldBytes = 0;

  constructor(longestBytes: number, announced: number, hold: (moreBytes: number) => boolean) {
    this.#longestBytes = longestBytes;
    this.#announced = announced;
    this.#hold = hold;
  }

  add(chunk: Buffer): Refusal | undefined {
    const sizeBytes = this.sizeBytes + chunk.length;
    if (sizeBytes > this.#longestBytes) return tooLarge(this.#longestBytes);
    if (chunk.length === this.#announced) {
      if (!this.#take(chunk.length)) return overloaded;
      this.#buffer = chunk;
    } else {
      if (sizeBytes > this.#buffer.length && !this.#grow(sizeBytes)) return overloaded;
      chunk.copy(this.#buffer, this.sizeBytes);
    }
    this.sizeBytes = sizeBytes;
    return undefined;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.sizeBytes);
  }

  #grow(sizeBytes: number): boolean {
    const wanted = Math.min(this.#longestBytes, Math.max(firstBytes, sizeBytes, this.#buffer.length * 2));
    if (!this.#take(wanted - this.#buffer.length)) return false;
    const grown = Buffer.allocUnsafeSlow(wanted);
    this.#buffer.copy(grown, 0, 0, this.sizeBytes);
    this.#buffer = grown;
    return true;
  }

  #take(moreBytes: number): boolean {
    if (!this.#hold(moreBytes)) return false;
    this.heldBytes += moreBytes;
    return true;
  }
}
