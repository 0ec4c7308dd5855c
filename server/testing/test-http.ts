/** The HTTP side alone, on a free port: real sockets and real access, over routes of the test and tokens in memory. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import { logContextNow } from '../../src/log-context.ts';
import { Access } from '../access/access.ts';
import type { GuessLimits } from '../access/guess-limiter.ts';
import { makeToken, tokenSha256 } from '../access/token.ts';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../http/http-server.ts';
import { sendJson, sendOk, sendRefusal } from '../http/replies.ts';
import type { Handler, Route } from '../http/route.ts';
import type { AnsweredRequest } from '../metrics/metrics.ts';
import type { Role } from '../queue/credentials.ts';

export type TestHttp = AsyncDisposable & {
  url: string;
  port: number;
  http: HttpServer;
  logs: Record<string, unknown>[];
  answered: AnsweredRequest[];
  failures: () => number;
  addToken: (name: string, role: Role) => string;
  revoke: (name: string) => void;
  /** Sends these bytes and returns all that comes until the server ends the connection. */
  exchange: (bytes: string) => Promise<string>;
};

export type TestHttpOptions = Partial<Omit<HttpServerOptions, 'routes'>> & {
  routes?: readonly Route[];
  isAuthRequired?: boolean | undefined;
  guessLimits?: GuessLimits;
};

export function testRoute(path: string, handle: Handler, more: Partial<Route> = {}): Route {
  return { method: 'GET', path, role: 'none', operationId: path, summary: path, answers: [], handle, ...more };
}

/** `/livez`, `/echo` (POST, how long the body is), and one path for each role, which tells who is taken for whom. */
export const testRoutes: readonly Route[] = [
  testRoute('/livez', sendOk, { takesHead: true, takesCrossSite: true }),
  testRoute(
    '/echo',
    async (exchange) => {
      const body = await exchange.readBody();
      if (Buffer.isBuffer(body)) sendJson(exchange, 200, { bytes: body.length });
      else sendRefusal(exchange, body);
    },
    { method: 'POST' },
  ),
  ...(['worker', 'admin', 'metrics'] as const).map((role) =>
    testRoute(`/${role}`, (exchange) => sendJson(exchange, 200, { ...exchange.peer }), { role }),
  ),
];

export async function startTestHttp(given: TestHttpOptions = {}): Promise<TestHttp> {
  const { routes = testRoutes, isAuthRequired, guessLimits, ...options } = given;
  const logs: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'debug', mixin: logContextNow },
    { write: (line: string) => logs.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const known = new Map<string, { name: string; role: Role; tokenSha256: string }>();
  let failures = 0;
  const access = new Access({
    credentials: { hasCredentials: async () => known.size > 0, credentialOf: async (digest) => known.get(digest) },
    isRequired: isAuthRequired,
    metrics: { authenticationFailed: () => (failures += 1) },
    clock: systemClock,
    logger,
    ...(guessLimits === undefined ? {} : { guessLimits }),
  });
  const answered: AnsweredRequest[] = [];
  const http = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    access,
    metrics: { requestAnswered: (request) => answered.push(request) },
    logger,
    ...options,
    routes,
  });
  const port = Number(new URL(http.url).port);
  return {
    url: http.url,
    port,
    http,
    logs,
    answered,
    failures: () => failures,
    addToken(name, role) {
      const token = makeToken(role, randomBytes);
      known.set(tokenSha256(token), { name, role, tokenSha256: tokenSha256(token) });
      return token;
    },
    revoke(name) {
      for (const [digest, credential] of known) if (credential.name === name) known.delete(digest);
    },
    async exchange(bytes) {
      const socket = connect(port, '127.0.0.1');
      let received = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
      socket.on('error', () => {});
      socket.write(bytes);
      await once(socket, 'close');
      return received;
    },
    async [Symbol.asyncDispose]() {
      await http.close(AbortSignal.abort());
    },
  };
}
