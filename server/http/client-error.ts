/**
 * Answers what never became a request: no HTTP, headers too large or too slow, a body that breaks its own framing. There is no
 * response object for these, so the bytes are written by hand, and the connection ends.
 */
import type { Duplex } from 'node:stream';
import { systemErrorCode } from '../../src/app-error.ts';
import { problem, type ProblemCode } from '../../src/protocol/problem.ts';

/** Until the client has read the answer; then the connection is cut. */
const lingerMs = 1000;

const reasons: { [Code in ProblemCode]?: string } = {
  bad_request: 'Bad Request',
  method_not_allowed: 'Method Not Allowed',
  request_timeout: 'Request Timeout',
  body_too_large: 'Payload Too Large',
  headers_too_large: 'Request Header Fields Too Large',
  not_implemented: 'Not Implemented',
};

/** @returns the status, or undefined where nobody is there to be told. */
export function answerClientError(error: Error, socket: Duplex, requestId: string): number | undefined {
  const code = systemErrorCode(error);
  if (code === 'ECONNRESET' || code === 'EPIPE' || !socket.writable || socket.destroyed) {
    socket.destroy();
    return undefined;
  }
  const [problemCode, detail] = problemOf(code, error);
  return answerRaw(socket, problemCode, detail, requestId);
}

/** Writes a whole answer to a bare connection and ends it. */
export function answerRaw(socket: Duplex, code: ProblemCode, detail: string, requestId: string): number {
  const body = { ...problem(code, detail), instance: `urn:stt:request:${requestId}` };
  const json = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${body.status} ${reasons[code] ?? 'Error'}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(json)}`,
    `X-Request-ID: ${requestId}`,
  ];
  socket.on('error', () => {});
  socket.end(`${head.join('\r\n')}\r\n\r\n${json}`);
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  return body.status;
}

function problemOf(code: string | undefined, error: Error): [ProblemCode, string] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return ['request_timeout', 'The request came too slowly.'];
  if (code === 'HPE_HEADER_OVERFLOW') return ['headers_too_large', 'The address or the headers are too long.'];
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return ['body_too_large', 'The chunks of the body are too long.'];
  const packet = (error as { rawPacket?: Buffer }).rawPacket?.subarray(0, 200).toString('latin1') ?? '';
  if (code === 'HPE_INVALID_METHOD' && /^[A-Z]+ \S+ HTTP\/1\.[01]\r?\n/u.test(packet)) {
    return ['not_implemented', 'This server does not know this method.'];
  }
  return ['bad_request', 'This is not HTTP as this server understands it.'];
}
