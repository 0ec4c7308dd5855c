/**
 * One kept HTTP/1.1 connection that costs its process as little as possible, so that a benchmark measures the server and not the
 * client. It knows whole answers with a length, chunked ones, and nothing else; bodies are counted, and only their start is kept.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type LeanAnswer = {
  status: number;
  /** All header lines, as they came. */
  head: string;
  bodyBytes: number;
  /** The first bytes of the body. */
  start: string;
};

const startLength = 24;
const endOfHead = Buffer.from('\r\n\r\n');
const endOfChunks = Buffer.from('0\r\n\r\n');

export class LeanConnection {
  readonly socket: Socket;
  #head: string | undefined;
  #held: Buffer = Buffer.alloc(0);
  #start = '';
  #bodyBytes = 0;
  #lengthBytes = 0;
  #waiting: { resolve: (answer: LeanAnswer) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed')));
  }

  static async open(port: number): Promise<LeanConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new LeanConnection(socket);
  }

  ask(request: string): Promise<LeanAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.socket.write(request);
    });
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    if (this.#head === undefined) {
      const bytes = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk]);
      const end = bytes.indexOf(endOfHead);
      if (end === -1) {
        this.#held = bytes;
        return;
      }
      this.#held = Buffer.alloc(0);
      this.#head = bytes.toString('latin1', 0, end);
      const length = /\r\ncontent-length: *(\d+)/iu.exec(this.#head)?.[1];
      const isChunked = length === undefined && /\r\ntransfer-encoding: *chunked/iu.test(this.#head);
      this.#lengthBytes = isChunked ? Infinity : Number(length ?? 0);
      rest = bytes.subarray(end + 4);
    }
    if (this.#lengthBytes === Infinity) {
      this.#takeChunked(rest);
      return;
    }
    if (this.#start.length < startLength) this.#start += rest.toString('latin1', 0, startLength - this.#start.length);
    this.#bodyBytes += rest.byteLength;
    if (this.#bodyBytes >= this.#lengthBytes) this.#finish();
  }

  /** Held together until its end: only the ancestor's answers come like this. */
  #takeChunked(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    if (!this.#held.subarray(-5).equals(endOfChunks)) return;
    const from = this.#held.indexOf('\r\n') + 2;
    this.#start = this.#held.toString('latin1', from, from + startLength);
    this.#bodyBytes = this.#held.byteLength;
    this.#held = Buffer.alloc(0);
    this.#finish();
  }

  #finish(): void {
    const head = this.#head ?? '';
    const answer = { status: Number(head.slice(9, 12)), head, bodyBytes: this.#bodyBytes, start: this.#start };
    this.#head = undefined;
    this.#start = '';
    this.#bodyBytes = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }
}
