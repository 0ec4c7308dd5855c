/**
 * A server made from the description of the wire alone, in both flavours: the ancestor's, which knows three calls, and protocol 2.
 * It notes every call; a test may take over any answer. Used by tests only.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type FakeCall = {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
};

export type FakeRecording = { bytes: Buffer; language: string };

/** Answers a call itself and returns true, or leaves it to the server. */
export type Misbehaviour = (call: FakeCall, response: ServerResponse) => boolean;

export type FakeServer = AsyncDisposable & {
  url: string;
  calls: FakeCall[];
  /** Calls of one kind, by the first part of the path: `result`. */
  callsOf: (name: string) => FakeCall[];
  /** Queues a recording. */
  add: (bytes: Buffer, language?: string) => void;
  misbehave: (how: Misbehaviour | undefined) => void;
  /** Ends all connections and listens no more. */
  goAway: () => Promise<void>;
  /** Listens again, on the same port. */
  comeBack: () => Promise<void>;
  /** The recording under a lease that is out. */
  leases: Map<string, FakeRecording>;
};

export type FakeServerOptions = { flavour: 'ancestor' | 'protocol 2'; leaseSeconds?: number };

const ancestorCalls = new Set(['GET task', 'POST result', 'POST error']);

export async function startFakeServer(options: FakeServerOptions): Promise<FakeServer> {
  const { flavour, leaseSeconds = 90 } = options;
  const queue: FakeRecording[] = [];
  const leases = new Map<string, FakeRecording>();
  const calls: FakeCall[] = [];
  let waiting: (() => void)[] = [];
  let misbehaviour: Misbehaviour | undefined;

  const sendJson = (response: ServerResponse, status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

  const sendAudio = (response: ServerResponse, id: string, recording: FakeRecording, range?: string): void => {
    const fromByte = Number(/^bytes=(\d+)-$/u.exec(range ?? '')?.[1] ?? 0);
    const { bytes, language } = recording;
    const rest = bytes.subarray(fromByte);
    response.setHeader('content-type', 'audio/mpeg');
    response.setHeader('x-task-id', id);
    response.setHeader('x-language', language);
    if (flavour === 'protocol 2') {
      response.setHeader('x-lease-seconds', String(leaseSeconds));
      response.setHeader('content-length', String(rest.length));
      const digest = createHash('sha256').update(bytes).digest('base64');
      response.setHeader('repr-digest', `sha-256=:${digest}:`);
      if (fromByte > 0) {
        response.statusCode = 206;
        response.setHeader('content-range', `bytes ${fromByte}-${bytes.length - 1}/${bytes.length}`);
      }
    }
    // The ancestor streams without a length.
    response.write(rest);
    response.end();
  };

  const giveTask = async (response: ServerResponse, waitSeconds: number): Promise<void> => {
    if (queue.length === 0 && flavour === 'protocol 2' && waitSeconds > 0) {
      const timer = setTimeout(() => waiting.forEach((wake) => wake()), waitSeconds * 1000);
      response.on('close', () => clearTimeout(timer));
      await new Promise<void>((resolve) => waiting.push(resolve));
      if (response.destroyed) return;
    }
    const recording = queue.shift();
    if (recording === undefined) {
      response.writeHead(204).end();
      return;
    }
    const id = randomBytes(16).toString('hex');
    leases.set(id, recording);
    sendAudio(response, id, recording);
  };

  const answer = async (call: FakeCall, response: ServerResponse): Promise<void> => {
    const url = new URL(call.path, 'http://fake');
    const [, name = '', id] = url.pathname.split('/');
    if (flavour === 'ancestor' && !ancestorCalls.has(`${call.method} ${name}`)) {
      return sendJson(response, 404, { detail: 'Not Found' });
    }
    if (name === 'task' && id === undefined) return giveTask(response, Number(url.searchParams.get('wait') ?? 0));
    const leaseId = id ?? String(call.body['id']);
    const recording = leases.get(leaseId);
    if (recording === undefined) return sendJson(response, 404, { detail: 'ID not found' });
    if (name === 'task') return sendAudio(response, leaseId, recording, call.headers.range);
    if (name !== 'heartbeat') leases.delete(leaseId);
    if (name === 'release') queue.push(recording);
    return sendJson(response, 200, { status: 'ok' });
  };

  const server = createServer((request, response) => {
    void readJson(request).then(async (body) => {
      const call = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      calls.push(call);
      if (misbehaviour?.(call, response)) return undefined;
      return answer(call, response);
    });
  });
  const port = await listen(server, 0);

  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    leases,
    callsOf: (name) => calls.filter((call) => new RegExp(`^/${name}(?:[/?]|$)`, 'u').test(call.path)),
    add(bytes, language = 'en') {
      queue.push({ bytes, language });
      for (const wake of waiting) wake();
      waiting = [];
    },
    misbehave(how) {
      misbehaviour = how;
    },
    goAway: () => close(server),
    comeBack: async () => {
      await listen(server, port);
    },
    [Symbol.asyncDispose]: () => close(server),
  };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
