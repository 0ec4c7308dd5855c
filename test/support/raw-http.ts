/**
 * HTTP as it goes over the line, for requests that no client library would send: raw bytes out, what came back in. Waits for an
 * answer, a closed connection, or the end of its patience; it never follows, retries or reuses anything.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type RawAnswer = {
  /** 0 where the connection ended without an answer. */
  status: number;
  headers: Record<string, string>;
  body: string;
};

export async function connectTo(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  // A peer that resets the connection is what many of these tests are about.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Reads one answer. @returns status 0 where the connection closed first; rejects after `timeoutMs`. */
export async function readAnswer(socket: Socket, timeoutMs = 30_000): Promise<RawAnswer> {
  let bytes = Buffer.alloc(0);
  const patience = new AbortController();
  const read = new Promise<RawAnswer>((resolve) => {
    const look = (isClosed: boolean): void => {
      const answer = parseAnswer(bytes, isClosed);
      if (answer === undefined) return;
      socket.off('data', onData).off('close', onClose);
      resolve(answer);
    };
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      look(false);
    };
    const onClose = (): void => look(true);
    socket.on('data', onData).on('close', onClose);
    if (socket.destroyed) onClose();
  });
  const late = delay(timeoutMs, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`no answer within ${timeoutMs} ms; so far: ${bytes.toString().slice(0, 200)}`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([read, late]);
  } finally {
    patience.abort();
  }
}

function parseAnswer(bytes: Buffer, isClosed: boolean): RawAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return isClosed ? { status: 0, headers: {}, body: '' } : undefined;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = bytes.subarray(end + 4);
  const length = Number(headers['content-length'] ?? (headers['transfer-encoding'] === undefined ? 0 : Infinity));
  if (body.byteLength < length && !isClosed) return undefined;
  return { status: Number(first.split(' ')[1]), headers, body: body.toString() };
}

/** One connection, one request, one answer. */
export async function sendRaw(port: number, request: string | Buffer, timeoutMs?: number): Promise<RawAnswer> {
  const socket = await connectTo(port);
  try {
    socket.write(request);
    return await readAnswer(socket, timeoutMs);
  } finally {
    socket.destroy();
  }
}

export function postHeaders(path: string, headers: Record<string, string | number>): string {
  const lines = Object.entries({ Host: 'test', 'Content-Type': 'application/json', ...headers });
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
