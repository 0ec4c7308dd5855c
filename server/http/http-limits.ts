/**
 * The limits of the HTTP side: what one connection, one body, and all of them together may cost. Defaults for a server; tests take
 * short ones through the same code.
 */
import { heartbeatSeconds } from '../../src/protocol/wire.ts';

export const httpLimits = {
  /** From the connection (or the last answer's next byte) to the end of the headers. */
  headersMs: 15_000,
  /** For a whole request, whatever its body is allowed. */
  requestMs: 300_000,
  // Node looks only every 30 s otherwise, and the two limits above would come that late.
  checkEveryMs: 5000,
  /** A connection on which nothing moves, in a request or an answer; longer than the longest wait for a task. */
  idleMs: 120_000,
  /** A worker keeps its connection from one heartbeat to the next. */
  keepAliveMs: (heartbeatSeconds + 10) * 1000,
  tlsHandshakeMs: 10_000,
  connections: 4096,
  /** A body, where its call states nothing else. */
  bodyBytes: 64 * 1024,
  /** All bodies that are held at once. */
  allBodiesBytes: 64 * 1024 * 1024,
  /**
   * A body may take this long, and a second more for each `bodyBytesPerSecond` of it: a pause of a slow line costs nothing, while
   * a drip of single bytes, which a limit on silence would let pass, does not hold a connection for long.
   */
  bodyMs: 15_000,
  bodyBytesPerSecond: 16 * 1024,
  /** What still comes of a body that nobody wants is thrown away for so long, so that the client gets to read the answer. */
  lingerMs: 5000,
  lingerBytes: 16 * 1024 * 1024,
  /** At the end of the server: downloads can be resumed later, uploads have to be sent again. */
  downloadGraceMs: 5000,
  uploadGraceMs: 20_000,
};

export type HttpLimits = typeof httpLimits;
