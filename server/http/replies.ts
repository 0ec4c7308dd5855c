/** The shapes of answers: JSON, problem+json, and nothing at all. They set headers and end the response; they decide nothing. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type Problem, problem, type ProblemCode } from '../../src/protocol/problem.ts';

/** When a client should come again after `not_ready`. */
const retryAfterSeconds = 15;

export function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, 'application/json', body);
}

export function sendProblem(
  response: ServerResponse,
  code: ProblemCode,
  detail: string,
  headers: OutgoingHttpHeaders = {},
): void {
  const body: Problem = problem(code, detail);
  const retry = code === 'not_ready' ? { 'Retry-After': retryAfterSeconds } : {};
  send(response, body.status, 'application/problem+json', body, { ...retry, ...headers });
}

export function sendNothing(response: ServerResponse): void {
  response.writeHead(204).end();
}

function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: object,
  headers: OutgoingHttpHeaders = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': bytes.byteLength, ...headers });
  response.end(bytes);
}
