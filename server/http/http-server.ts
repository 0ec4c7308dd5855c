/**
 * Listens, and leads every request the same way: a place in the table of routes, the right to be there, its handler, a line in the
 * log. It keeps connections within limits (time, number, an orderly end); what a request means is the routes' business.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '../../src/logger.ts';
import { logContext } from '../../src/log-context.ts';
import type { Access } from '../access/access.ts';
import { TrustedProxies } from '../access/trusted-proxies.ts';
import type { AnsweredRequest } from '../metrics/metrics.ts';
import { answerRequest, type Answerer } from './answer-request.ts';
import { Bodies } from './bodies.ts';
import { answerClientError, answerRaw } from './client-error.ts';
import { Drain } from './drain.ts';
import { HttpExchange } from './http-exchange.ts';
import { httpLimits, type HttpLimits } from './http-limits.ts';
import { lingerAfter } from './linger.ts';
import { listen } from './listen.ts';
import { sendProblem } from './replies.ts';
import { readTarget } from './request-target.ts';
import { Router } from './router.ts';
import type { Route } from './route.ts';
import { readTlsPair, type TlsPaths, TlsRenewal } from './tls-files.ts';

export type HttpServer = {
  /** `http://127.0.0.1:8000`, with the port that was really taken. */
  url: string;
  /** Takes no new connection; what runs gets its time (see the limits), or until `now` aborts. Then connections are cut. */
  close: (now?: AbortSignal) => Promise<void>;
  /** Bytes of request bodies in memory. */
  heldBytes: () => number;
};

export type HttpServerOptions = {
  host: string;
  port: number;
  routes: readonly Route[];
  access: Access;
  /** Whether only this machine reaches the server: then web pages are kept away by the name in Host as well. */
  isLocalOnly?: boolean;
  trustedProxies?: readonly string[];
  tls?: TlsPaths | undefined;
  limits?: Partial<HttpLimits>;
  metrics: { requestAnswered: (request: AnsweredRequest) => void };
  logger: Logger;
};

/** Refused connections are told in the log this often. */
const refusalsToldEveryMs = 60_000;
const tlsLookEveryMs = 10_000;
const harmlessId = /^[\w.:-]{1,128}$/u;

export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, tls, logger, metrics } = options;
  const limits: HttpLimits = { ...httpLimits, ...options.limits };
  const bodies = new Bodies(limits);
  const proxies = new TrustedProxies(options.trustedProxies ?? []);
  const drain = new Drain(limits);
  const answerer: Answerer = {
    router: new Router(options.routes),
    access: options.access,
    isHostChecked: (options.isLocalOnly ?? false) && !proxies.hasAny,
  };
  const nextId = requestIds();

  const serve = (request: IncomingMessage, response: ServerResponse, isContinueAwaited: boolean): void => {
    const { path, query } = readTarget(request.url ?? '');
    const { headers } = request;
    const socketAddress = request.socket.remoteAddress;
    const forwardedFor = proxies.hasAny ? (headers['x-forwarded-for'] as string | undefined) : undefined;
    const givenId = proxies.hasAny ? headers['x-request-id'] : undefined;
    const isGivenId = typeof givenId === 'string' && harmlessId.test(givenId) && proxies.hasSocket(socketAddress);
    const exchange = new HttpExchange({
      request,
      response,
      requestId: isGivenId ? givenId : nextId(),
      ip: proxies.clientOf(socketAddress, forwardedFor),
      queryText: query,
      bodies,
      logger,
      isContinueAwaited,
    });
    drain.began(exchange);
    response.once('close', () => {
      const status = exchange.hasHungUp && !response.headersSent ? 499 : response.statusCode;
      const ms = performance.now() - exchange.startedAt;
      const route = exchange.route?.path;
      const method = request.method ?? '';
      metrics.requestAnswered({ route, method, status, seconds: ms / 1000 });
      if (logger.isLevelEnabled('debug')) {
        const { requestId, ip, credential } = exchange;
        logger.debug({ requestId, method, route, status, ms: Math.round(ms * 10) / 10, ip, credential }, 'answered');
      }
      if (!request.complete) lingerAfter(request, limits);
      drain.ended(exchange);
    });
    void logContext.run({ requestId: exchange.requestId }, async () => {
      await answerRequest(exchange, path, answerer);
      exchange.releaseBody();
      exchange.isHandled = true;
      drain.ended(exchange);
    });
  };

  const server = await makeServer(limits, tls);
  server.maxConnections = limits.connections;
  server.on('request', (request, response) => serve(request, response, false));
  server.on('checkContinue', (request, response) => serve(request, response, true));
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    response.once('close', () => {
      if (!request.complete) lingerAfter(request, limits);
    });
    sendProblem({ response, requestId: nextId() }, 'expectation_failed', 'This server only knows 100-continue.');
  });
  server.on('connect', (_, socket: Duplex) =>
    answerRaw(socket, 'method_not_allowed', 'This server is no proxy.', nextId()),
  );
  const told = new WeakSet<Duplex>();
  server.on('clientError', (error: Error, socket: Duplex) => {
    if (told.has(socket)) return;
    told.add(socket);
    if (drain.hasBegunAnswer(socket)) {
      socket.destroy();
      return;
    }
    const requestId = nextId();
    const status = answerClientError(error, socket, requestId);
    logger.debug({ requestId, status, reason: error.message }, 'what came was no request');
    if (status !== undefined) metrics.requestAnswered({ route: undefined, method: 'none', status, seconds: 0 });
  });
  tellRefusedConnections(server, limits.connections, logger);
  await listen(server, host, port);

  const renewal =
    tls === undefined
      ? undefined
      : new TlsRenewal(tls, {
          everyMs: options.limits?.checkEveryMs ?? tlsLookEveryMs,
          logger,
          onPair: (pair) => (server as TlsServer).setSecureContext(pair),
        });
  return {
    url: urlOf(tls === undefined ? 'http' : 'https', host, (server.address() as AddressInfo).port),
    heldBytes: () => bodies.heldBytes,
    close(now) {
      renewal?.stop();
      return drain.close(server, now);
    },
  };
}

async function makeServer(limits: HttpLimits, tls: TlsPaths | undefined): Promise<Server> {
  const options: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkEveryMs,
    keepAliveTimeout: limits.keepAliveMs,
    // A peer that vanished without a word is noticed by the system, also while it waits for a task.
    keepAlive: true,
    keepAliveInitialDelay: limits.keepAliveMs,
    // Told by us, in problem+json.
    requireHostHeader: false,
  };
  const server =
    tls === undefined
      ? createServer(options)
      : createTlsServer({ ...options, ...(await readTlsPair(tls)), handshakeTimeout: limits.tlsHandshakeMs });
  server.timeout = limits.idleMs;
  return server;
}

/** Unlike any other of this or an earlier run, and cheap. */
function requestIds(): () => string {
  const prefix = randomBytes(6).toString('base64url');
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}

function tellRefusedConnections(server: Server, most: number, logger: Logger): void {
  let refused = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  server.on('drop', () => {
    refused += 1;
    if (performance.now() - toldAt < refusalsToldEveryMs) return;
    toldAt = performance.now();
    logger.warn({ refused, most }, 'connections are refused: too many are open');
  });
}

function urlOf(scheme: string, host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
