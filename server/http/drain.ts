/** The requests that run now, and their orderly end: uploads get more time than downloads, since a worker can resume those. */
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpExchange } from './http-exchange.ts';
import type { HttpLimits } from './http-limits.ts';

export class Drain {
  readonly #limits: HttpLimits;
  readonly #running = new Set<HttpExchange>();
  #onQuiet: (() => void) | undefined;
  #server: Server | undefined;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  began(exchange: HttpExchange): void {
    this.#running.add(exchange);
    // The last answer on this connection.
    if (this.#server !== undefined) exchange.response.shouldKeepAlive = false;
  }

  /** Told when the answer is sent (or broke off), and when the handler is through: it has ended with the later of the two. */
  ended(exchange: HttpExchange): void {
    if (!exchange.isHandled || !exchange.response.closed) return;
    this.#running.delete(exchange);
    if (this.#server === undefined) return;
    this.#server.closeIdleConnections();
    if (this.#running.size === 0) this.#onQuiet?.();
  }

  /** Whether part of an answer is on this connection already. */
  hasBegunAnswer(socket: Duplex): boolean {
    for (const { request, response } of this.#running) {
      if (request.socket === socket && response.headersSent && !response.writableFinished) return true;
    }
    return false;
  }

  async close(server: Server, now: AbortSignal | undefined): Promise<void> {
    this.#server = server;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const { response } of this.#running) if (!response.headersSent) response.shouldKeepAlive = false;
    const quiet = new Promise<void>((resolve) => (this.#onQuiet = resolve));
    if (this.#running.size === 0) this.#onQuiet?.();
    const cut = (isCut: (exchange: HttpExchange) => boolean) => (): void => {
      for (const exchange of this.#running) if (isCut(exchange)) exchange.request.socket.destroy();
    };
    const cutAll = cut(() => true);
    const timers = [
      setTimeout(
        cut(({ request }) => request.method === 'GET'),
        this.#limits.downloadGraceMs,
      ),
      setTimeout(cutAll, this.#limits.uploadGraceMs),
    ];
    now?.addEventListener('abort', cutAll, { once: true });
    if (now?.aborted === true) cutAll();
    await quiet;
    for (const timer of timers) clearTimeout(timer);
    now?.removeEventListener('abort', cutAll);
    // Those that are kept alive, or never asked for anything.
    server.closeAllConnections();
    await closed;
  }
}
