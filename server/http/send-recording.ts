/**
 * Sends a recording, or a range of it: a small one in one write, a larger one from its descriptor at the reader's pace. A reader that
 * takes nothing for a minute is cut off, since neither of Node's own time limits covers a response.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import parseRange from 'range-parser';
import type { OpenRecording } from '../library/opened-recording.ts';
import { readAt } from '../library/read-at.ts';

/** First and last byte, both included. */
export type ByteRange = { start: number; end: number };

/** How far it got. `begun`: the reader may have the headers, and more. */
export type Sent = 'whole' | 'begun' | 'nothing';

export type SendOptions = {
  range: ByteRange | 'whole';
  headers: OutgoingHttpHeaders;
  stallMs: number;
  /** The bytes of the recording that were sent. */
  onBytes?: (sizeBytes: number) => void;
  /** All was sent, and the reader broke the connection off without having read it. */
  onUnread?: () => void;
};

/** RFC 9110, 8.8.3: strong, since it is the bytes' own digest. */
export function etagOf(sha256: string): string {
  return `"${sha256}"`;
}

/**
 * Several ranges at once, and what is no range, are answered with the whole, as RFC 9110 allows.
 * @param condition `If-Range` of the request, and the recording's own tag: where they differ the reader has parts of another file.
 */
export function rangeOf(
  header: string | undefined,
  sizeBytes: number,
  condition: { ifRange?: string | readonly string[] | undefined; etag?: string | undefined } = {},
): ByteRange | 'whole' | 'unsatisfiable' {
  const { ifRange, etag } = condition;
  if (header === undefined || (ifRange !== undefined && ifRange !== etag)) return 'whole';
  const ranges = parseRange(sizeBytes, header);
  if (ranges === -1) return 'unsatisfiable';
  const [first] = ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1 ? [] : ranges;
  return first ?? 'whole';
}

export async function sendRecording(
  response: ServerResponse,
  recording: OpenRecording,
  options: SendOptions,
): Promise<Sent> {
  await wholeTurn();
  const { socket } = response;
  if (socket === null || response.destroyed || !socket.writable || socket.readableEnded) {
    response.destroy();
    return 'nothing';
  }
  const { range, headers, stallMs, onBytes, onUnread } = options;
  const { start, end } = range === 'whole' ? { start: 0, end: recording.sizeBytes - 1 } : range;
  const length = end - start + 1;
  response.writeHead(range === 'whole' ? 200 : 206, {
    ...headers,
    'Content-Length': length,
    ...(range === 'whole' ? {} : { 'Content-Range': `bytes ${start}-${end}/${recording.sizeBytes}` }),
  });
  const { content } = recording;
  let sent: Sent;
  if (response.req.method === 'HEAD') {
    sent = await sendWhole(response, undefined, stallMs);
  } else if (content.kind === 'bytes') {
    sent = await sendWhole(response, content.bytes.subarray(start, end + 1), stallMs);
    if (sent === 'whole') onBytes?.(length);
  } else {
    sent = await stream(response, { fd: content.fd, start, length, stallMs, onBytes });
  }
  if (sent === 'whole' && onUnread !== undefined) watchForReset(socket, onUnread);
  return sent;
}

/** A reader that hung up while the event loop was busy is noticed before anything is sent: the loop looks at its sockets once. */
function wholeTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

function sendWhole(response: ServerResponse, bytes: Uint8Array | undefined, stallMs: number): Promise<Sent> {
  const ended = ending(response, 'nothing');
  response.end(bytes);
  // Where the system took it all at once there is nothing to wait for.
  if ((response.socket?.writableLength ?? 0) > 0) cutWhenStalled(response, stallMs);
  return ended;
}

/** `finish` comes only when the system took every byte; `close` alone, when the connection went first. */
function ending(response: ServerResponse, otherwise: Sent): Promise<Sent> {
  return new Promise((resolve) => {
    response.once('finish', () => resolve('whole'));
    response.once('close', () => resolve(otherwise));
  });
}

/**
 * Ends a connection of which the system takes nothing more. Node.js looks every `stallMs` whether something went since its last look,
 * so it ends after one to two times that long.
 */
function cutWhenStalled(response: ServerResponse, stallMs: number): void {
  response.setTimeout(stallMs, () => response.destroy());
}

/** By measurement: larger steps are not faster, and each download holds two of them. */
const stepBytes = 256 * 1024;

type StreamOptions = {
  fd: number;
  start: number;
  length: number;
  stallMs: number;
  onBytes: ((sizeBytes: number) => void) | undefined;
};

/** Reads a step ahead while the one before is on its way. */
async function stream(response: ServerResponse, options: StreamOptions): Promise<Sent> {
  const { fd, start, length, stallMs, onBytes } = options;
  const [one, other] = [
    Buffer.allocUnsafeSlow(Math.min(stepBytes, length)),
    Buffer.allocUnsafeSlow(Math.min(stepBytes, length)),
  ];
  const ended = ending(response, 'begun');
  const write = writerOf(response);
  cutWhenStalled(response, stallMs);
  try {
    let written: Promise<void> | undefined;
    for (let [position, isOdd] = [0, false]; position < length; isOdd = !isOdd) {
      const buffer = isOdd ? one : other;
      const count = await readAt(fd, buffer, Math.min(buffer.length, length - position), start + position);
      await written;
      if (count === 0) throw new Error('the recording became shorter');
      written = write(buffer.subarray(0, count));
      // Its fault is heard of where it is waited for.
      written.catch(() => {});
      onBytes?.(count);
      position += count;
    }
    await written;
    response.end();
    return await ended;
  } catch {
    // Less than was announced: only the end of the connection tells the reader.
    response.destroy();
    return 'begun';
  }
}

/** @returns what resolves when the system took the bytes over, so that their buffer may be used again. */
function writerOf(response: ServerResponse): (bytes: Uint8Array) => Promise<void> {
  let fail: (reason: Error) => void = () => {};
  response.once('close', () => fail(new Error('the connection was closed')));
  return (bytes) =>
    new Promise((resolve, reject) => {
      fail = reject;
      if (response.destroyed) reject(new Error('the connection was closed'));
      else response.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
}

/** So soon after the last byte a reset means that it was not read; later it may be anything. */
const unreadMs = 2000;
const lastSent = new WeakMap<Socket, { at: number; heardBytes: number; onUnread: () => void }>();

/** One that read everything ends its connection in order, or keeps it; whoever sends more has read what came before. */
function watchForReset(socket: Socket, onUnread: () => void): void {
  if (!lastSent.has(socket)) {
    socket.once('close', (hadError) => {
      const last = lastSent.get(socket);
      if (!hadError || last === undefined || socket.bytesRead > last.heardBytes) return;
      if (performance.now() - last.at < unreadMs) last.onUnread();
    });
  }
  lastSent.set(socket, { at: performance.now(), heardBytes: socket.bytesRead, onUnread });
}
