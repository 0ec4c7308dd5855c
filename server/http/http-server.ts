/**
 * Listens, and keeps every connection within limits: time for headers and bodies, an orderly end. What a request means is the
 * routes' business; what is not HTTP at all, or too slow, Node.js answers by itself (400, 408, 431).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, messageOf, systemErrorCode } from '../../src/app-error.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import type { Logger } from '../../src/logger.ts';
import { heartbeatSeconds } from '../../src/protocol/wire.ts';
import { isStoreTrouble } from '../queue/sqlite/store-trouble.ts';
import { sendProblem } from './replies.ts';
import { findRoute, type Route } from './router.ts';
import type { Handler } from './routes.ts';

export type HttpServer = {
  /** `http://127.0.0.1:8000`, with the port that was really taken. */
  url: string;
  /** Takes no new connection; requests that run get `graceMs` (or until `now` aborts), then their connections are cut. */
  close: (graceMs: number, now?: AbortSignal) => Promise<void>;
};

export type HttpServerOptions = { host: string; port: number; routes: readonly Route<Handler>[]; logger: Logger };

const limits = {
  headersTimeout: 15_000,
  /** For the whole request: a large transcript over a slow line. */
  requestTimeout: 300_000,
  // Node looks only every 30 s otherwise, and the limits above would come that late.
  connectionsCheckingInterval: 5000,
  /** A worker keeps its connection from one heartbeat to the next. */
  keepAliveTimeout: (heartbeatSeconds + 10) * 1000,
};

export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const running = new Set<Promise<unknown>>();
  const server = createServer(limits, (request, response) => {
    const sent = new Promise((resolve) => response.once('close', resolve));
    const served = Promise.all([answer(request, response, options), sent]).finally(() => running.delete(served));
    running.add(served);
  });
  await listen(server, options);
  return {
    url: urlOf(options.host, (server.address() as AddressInfo).port),
    async close(graceMs, now) {
      const closed = new Promise((resolve) => server.close(resolve));
      const grace = delay(graceMs, undefined, { signal: now, ref: false }).catch(() => {});
      await Promise.race([Promise.allSettled(running), grace]);
      // Also those that are kept alive, or never asked for anything.
      server.closeAllConnections();
      await closed;
      await Promise.allSettled(running);
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { routes, logger }: HttpServerOptions,
): Promise<void> {
  const hungUp = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) hungUp.abort();
  });
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  try {
    const match = findRoute(routes, request.method ?? '', path);
    if (match.kind === 'not_found') {
      sendProblem(response, 'not_found', 'There is nothing at this path.');
    } else if (match.kind === 'method_not_allowed') {
      sendProblem(response, 'method_not_allowed', `This path takes ${match.allow}.`, { Allow: match.allow });
    } else {
      await match.handle({ request, response, query: new URLSearchParams(query), id: match.id, gone: hungUp.signal });
    }
  } catch (error) {
    if (hungUp.signal.aborted) {
      logger.debug({ path, reason: messageOf(error) }, 'the client hung up');
      return;
    }
    logger.error({ path, err: error }, 'a request failed');
    if (response.headersSent) response.destroy();
    else if (isStoreTrouble(error)) sendProblem(response, 'not_ready', `The task database: ${messageOf(error)}.`);
    else sendProblem(response, 'internal', 'The server failed; its log says why.');
  }
}

async function listen(server: Server, { host, port }: HttpServerOptions): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw listenError(error, host, port);
  }
}

function listenError(cause: unknown, host: string, port: number): AppError {
  const code = 'STT_LISTEN';
  const systemCode = systemErrorCode(cause);
  if (systemCode === 'EADDRINUSE') {
    return new AppError(`Port ${port} on ${host} is in use by another program.`, {
      code,
      hint: `Stop that program (ss -ltnp "sport = :${port}" names it), or choose another port: --port NUMBER, or PORT in .env.`,
      exitCode: exitCodes.unavailable,
      cause,
    });
  }
  if (systemCode === 'EACCES') {
    return new AppError(`This user may not listen on port ${port}.`, {
      code,
      hint: 'Choose a port above 1023: --port 8000, or PORT in .env.',
      exitCode: exitCodes.noPermission,
      cause,
    });
  }
  return new AppError(`The server cannot listen on ${host}, port ${port}: ${messageOf(cause)}.`, {
    code,
    hint: 'Set HOST (or --host) to an address of this machine: 127.0.0.1, or 0.0.0.0 for all.',
    exitCode: exitCodes.config,
    cause,
  });
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
