/** The shapes of answers: JSON, problem+json, and nothing at all. They set headers and end the response; they decide nothing. */
import type { OutgoingHttpHeaders } from 'node:http';
import { problem, type ProblemCode } from '../../src/protocol/problem.ts';
import type { Refusal } from '../tasks/refusal.ts';
import type { Exchange } from './route.ts';

/** Whom an answer goes to. */
export type Answering = Pick<Exchange, 'response' | 'requestId'>;

/** When a client should come again. */
const retryAfterSeconds: { [Code in ProblemCode]?: number } = { not_ready: 15, overloaded: 2 };
const statusOk = '{"status":"ok"}';

export function sendJson(to: Answering, status: number, body: object, headers?: OutgoingHttpHeaders): void {
  send(to, status, 'application/json', JSON.stringify(body), headers);
}

/** `{"status":"ok"}`, the ancestor's way. */
export function sendOk(to: Answering): void {
  send(to, 200, 'application/json', statusOk);
}

export function sendText(to: Answering, contentType: string, text: string): void {
  send(to, 200, contentType, text);
}

export function sendProblem(to: Answering, code: ProblemCode, detail: string, headers?: OutgoingHttpHeaders): void {
  const body = { ...problem(code, detail), instance: `urn:stt:request:${to.requestId}` };
  // What still comes of that body is not waited for.
  if (code === 'request_timeout') to.response.shouldKeepAlive = false;
  const seconds = retryAfterSeconds[code];
  const retry = seconds === undefined ? headers : { 'Retry-After': seconds, ...headers };
  send(to, body.status, 'application/problem+json', JSON.stringify(body), retry);
}

export function sendRefusal(to: Answering, { code, detail }: Refusal): void {
  sendProblem(to, code, detail);
}

export function sendNothing({ response, requestId }: Answering): void {
  response.writeHead(204, { 'X-Request-ID': requestId }).end();
}

function send(
  { response, requestId }: Answering,
  status: number,
  contentType: string,
  // Text, not bytes: Node.js then sends head and body in one piece.
  body: string,
  more?: OutgoingHttpHeaders,
): void {
  const headers: OutgoingHttpHeaders = {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'X-Request-ID': requestId,
    'X-Content-Type-Options': 'nosniff',
  };
  response.writeHead(status, more === undefined ? headers : Object.assign(headers, more));
  response.end(body);
}
