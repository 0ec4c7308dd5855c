/** One request with its answer. What a handler may want and most do not (query, hang-ups, a body) is made when it is asked for. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../src/logger.ts';
import type { Peer } from '../tasks/peer.ts';
import type { Refusal } from '../tasks/refusal.ts';
import type { Bodies } from './bodies.ts';
import type { Exchange, Route } from './route.ts';

export type HttpExchangeOptions = {
  request: IncomingMessage;
  response: ServerResponse;
  requestId: string;
  ip: string;
  queryText: string;
  bodies: Bodies;
  logger: Logger;
  /** The client sends its body only when it is told to. */
  isContinueAwaited: boolean;
};

export class HttpExchange implements Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly startedAt = performance.now();
  route: Route | undefined;
  id = '';
  credential: string | undefined;
  /** Whether its handler has come to its end. */
  isHandled = false;
  readonly #options: HttpExchangeOptions;
  #heldBytes = 0;
  #query: URLSearchParams | undefined;
  #hangUp: AbortController | undefined;

  constructor(options: HttpExchangeOptions) {
    this.#options = options;
    this.request = options.request;
    this.response = options.response;
    this.requestId = options.requestId;
  }

  get ip(): string {
    return this.#options.ip;
  }

  get peer(): Peer {
    return { ip: this.#options.ip, credential: this.credential };
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.#options.queryText));
  }

  get log(): Logger {
    return this.#options.logger;
  }

  /** The client left before it had the whole answer. */
  get hasHungUp(): boolean {
    return this.response.destroyed && !this.response.writableFinished;
  }

  get gone(): AbortSignal {
    if (this.#hangUp !== undefined) return this.#hangUp.signal;
    const hangUp = new AbortController();
    this.#hangUp = hangUp;
    // The response hears of it some turns after its socket: whoever asks in between must hear of it too.
    if (this.hasHungUp || this.request.socket.destroyed) hangUp.abort();
    else {
      this.response.once('close', () => {
        if (!this.response.writableFinished) hangUp.abort();
      });
    }
    return hangUp.signal;
  }

  async readBody(): Promise<Buffer | Refusal> {
    const { bodies, isContinueAwaited } = this.#options;
    const { outcome, heldBytes } = await bodies.read(this.request, this.route?.longestBodyBytes, () => {
      if (isContinueAwaited) this.response.writeContinue();
    });
    this.#heldBytes += heldBytes;
    return outcome;
  }

  /** The handler is done with the body. */
  releaseBody(): void {
    this.#options.bodies.release(this.#heldBytes);
    this.#heldBytes = 0;
  }
}
