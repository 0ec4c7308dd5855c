/**
 * Asks the server whether it is ready: no task is taken, no password sent. Whatever answers, or does not, comes back as a value; judging
 * it is for others.
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { messageOf, systemErrorCode } from '../app-error.ts';
import { paths, headers as names, protocolVersion } from '../protocol/wire.ts';
import type { RawAnswer } from '../worker/wire/server-answer.ts';

export type ServerLook =
  | {
      kind: 'answered';
      answer: RawAnswer;
      /** Wall time, milliseconds. */
      askedAtMs: number;
      answeredAtMs: number;
    }
  /** `code`: the system's, or that of TLS. */
  | { kind: 'silent'; reason: string; code: string | undefined };

export type AskOptions = { signal: AbortSignal; timeoutMs: number };

const longestAnswerBytes = 64 * 1024;

/** @throws the signal's reason when it aborts. */
export async function askServer(serverUrl: string, { signal, timeoutMs }: AskOptions): Promise<ServerLook> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    return await exchange(`${serverUrl}${paths.readyz}`, AbortSignal.any([signal, deadline]));
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted)
      return { kind: 'silent', reason: `no answer within ${timeoutMs / 1000} s`, code: 'ETIMEDOUT' };
    return { kind: 'silent', reason: messageOf(error), code: systemErrorCode(innermost(error)) };
  }
}

function exchange(url: string, signal: AbortSignal): Promise<ServerLook> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const headers = { [names.protocol]: protocolVersion, 'user-agent': 'stt-doctor', connection: 'close' };
  return new Promise((resolve, reject) => {
    const askedAtMs = Date.now();
    // A password in the URL is for those who are known to be ours.
    const asked = request(url, { agent: false, signal, headers, auth: null });
    asked.on('error', reject);
    asked.on('response', (response) => {
      const answeredAtMs = Date.now();
      let body = '';
      response.setEncoding('utf8');
      response.on('error', reject);
      const done = (): void => {
        const answer = { status: response.statusCode ?? 0, headers: response.headers, body };
        resolve({ kind: 'answered', answer, askedAtMs, answeredAtMs });
      };
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length <= longestAnswerBytes) return;
        done();
        asked.destroy();
      });
      response.on('end', done);
    });
    asked.end();
  });
}

/** A name with several addresses fails with all of their errors. */
function innermost(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}
