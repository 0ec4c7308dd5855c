/**
 * A slow line between a worker and its server, in user land: a proxy on loopback that passes bytes on at a rate, shared by all
 * connections, each direction for itself, and later by a delay each way. Connecting itself takes no time.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type ShapedLink = AsyncDisposable & { url: string; port: number };

export type LinkShape = {
  bitsPerSecond: number;
  /** Each way. */
  delayMs: number;
};

/** What may pass at once after a rest. */
const burstBytes = 16 * 1024;
/** A connection that has so much under way is not read from until that has passed. */
const mostWaitingBytes = 64 * 1024;
const pieceBytes = 8 * 1024;

export async function startShapedLink(serverPort: number, shape: LinkShape): Promise<ShapedLink> {
  const sockets = new Set<Socket>();
  const up = new Line(shape);
  const down = new Line(shape);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    pass(client, upstream, up);
    pass(upstream, client, down);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One direction of the line: a token bucket. */
class Line {
  readonly #bytesPerMs: number;
  readonly #delayMs: number;
  #freeAtMs = 0;

  constructor({ bitsPerSecond, delayMs }: LinkShape) {
    this.#bytesPerMs = bitsPerSecond / 8000;
    this.#delayMs = delayMs;
  }

  /** Takes the line for so many bytes. @returns in how many ms they have come out at the other end. */
  take(bytes: number): number {
    const now = performance.now();
    this.#freeAtMs = Math.max(this.#freeAtMs, now - burstBytes / this.#bytesPerMs) + bytes / this.#bytesPerMs;
    return Math.max(0, this.#freeAtMs - now) + this.#delayMs;
  }
}

/** What is under way on a connection, in order: timers of their own would overtake each other. */
class UnderWay {
  readonly #waiting: { dueMs: number; arrive: () => void }[] = [];

  add(afterMs: number, arrive: () => void): void {
    this.#waiting.push({ dueMs: performance.now() + afterMs, arrive });
    if (this.#waiting.length === 1) setTimeout(() => this.#land(), afterMs);
  }

  #land(): void {
    const now = performance.now();
    while ((this.#waiting[0]?.dueMs ?? Infinity) <= now) this.#waiting.shift()?.arrive();
    const next = this.#waiting[0];
    if (next !== undefined) setTimeout(() => this.#land(), Math.max(1, next.dueMs - now));
  }
}

function pass(from: Socket, to: Socket, line: Line): void {
  const underWay = new UnderWay();
  let waitingBytes = 0;
  from.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.byteLength; at += pieceBytes) {
      const piece = chunk.subarray(at, at + pieceBytes);
      waitingBytes += piece.byteLength;
      underWay.add(line.take(piece.byteLength), () => {
        to.write(piece);
        waitingBytes -= piece.byteLength;
        if (waitingBytes <= mostWaitingBytes && to.writableLength <= mostWaitingBytes) from.resume();
      });
    }
    if (waitingBytes > mostWaitingBytes) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => underWay.add(line.take(0), () => to.end()));
  from.on('close', () => {
    // Closed without an end: it was cut off.
    if (!from.readableEnded) to.destroy();
  });
}
