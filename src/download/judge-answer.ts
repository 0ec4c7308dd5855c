/** What to do with a server's answer, seen from its head and its first bytes. Pure. */

export type HttpAnswer = { statusCode: number; headers: Record<string, string | string[] | undefined> };

export type Verdict =
  | { kind: 'take'; fromByte: number }
  /** Worth another attempt, after that long where the server says so, without what is there where that is of no use to it. */
  | { kind: 'again'; reason: string; afterMs?: number; isFromStart?: true }
  | Unreachable;

export type Unreachable = {
  kind: 'unreachable';
  reason: string;
  /** Later the same request may be answered. */
  mayPass?: true;
};

export const webPage = { kind: 'unreachable', reason: 'a web page came instead of the file' } as const;
const proxyPassword = {
  kind: 'unreachable',
  reason: 'HTTP 407, the proxy asks for a user name and a password',
} as const;

const longestWaitMs = 60_000;
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

export function header(answer: HttpAnswer, name: string): string | undefined {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** @param resumeBytes what is there already, where the rest was asked for. */
export function judgeAnswer(answer: HttpAnswer, resumeBytes: number | undefined, nowMs: number): Verdict {
  const { statusCode } = answer;
  const isHtml = /^text\/html/iu.test(header(answer, 'content-type') ?? '');

  if (statusCode === 206 && resumeBytes !== undefined) {
    const start = /^bytes (\d+)-/u.exec(header(answer, 'content-range') ?? '')?.[1];
    if (Number(start) === resumeBytes) return { kind: 'take', fromByte: resumeBytes };
    const reason = 'the server answered with another range than the one asked for';
    return { kind: 'again', reason, afterMs: 0, isFromStart: true };
  }
  if (statusCode === 200 && isHtml) return webPage;
  if (statusCode === 200) return { kind: 'take', fromByte: 0 };
  if (statusCode === 416) return { kind: 'again', reason: 'HTTP 416', afterMs: 0, isFromStart: true };
  if (statusCode === 407) return proxyPassword;
  if (!passing.has(statusCode)) return { kind: 'unreachable', reason: `HTTP ${statusCode}` };

  const afterMs = retryAfterMs(header(answer, 'retry-after'), nowMs);
  const reason = `HTTP ${statusCode}`;
  if (afterMs === undefined) return { kind: 'again', reason };
  if (afterMs > longestWaitMs) {
    return { kind: 'unreachable', reason: `${reason}, asked to wait ${Math.ceil(afterMs / 1000)} s`, mayPass: true };
  }
  return { kind: 'again', reason, afterMs };
}

/** @param reason of a connection that was not made. That a proxy makes no tunnel Node.js says with the proxy's answer at the end. */
export function judgeNoConnection(reason: string): Unreachable {
  const refusal = /^Failed to establish tunnel .*: HTTP\/[\d.]+ (\d+)/u.exec(reason)?.[1];
  if (refusal === '407') return proxyPassword;
  if (refusal !== undefined && !passing.has(Number(refusal))) return { kind: 'unreachable', reason };
  return { kind: 'unreachable', reason, mayPass: true };
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/u.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

export function looksLikeHtml(firstBytes: Uint8Array): boolean {
  const start = Buffer.from(firstBytes.subarray(0, 200)).toString('latin1').trimStart();
  return /^<(!doctype|html)/iu.test(start);
}

/** Only a strong ETag, or a date, may be used with If-Range. */
export function validatorOf(answer: HttpAnswer): string | undefined {
  const etag = header(answer, 'etag');
  return etag === undefined || etag.startsWith('W/') ? header(answer, 'last-modified') : etag;
}
