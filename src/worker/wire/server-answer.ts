/**
 * What an answer of the server means for us. Three outcomes: accepted; refused for good by somebody who speaks our wire; or not
 * now. A proxy's error page, a login portal or a redirect is never a refusal: a transcript must not be given up because of it. Pure.
 */
import { printable } from '../../printable.ts';
import { parseProblem } from '../../protocol/problem.ts';

export type Answer =
  | { kind: 'accepted' }
  | { kind: 'refused'; reason: string }
  /** `status`: of the answer that came. Absent where none came: no connection, or one that broke. */
  | { kind: 'later'; reason: string; retryAfterMs: number | undefined; status?: number };

export type RawAnswer = {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
};

const finalStatuses = new Set([400, 404, 409, 410, 413, 422]);
const longestWaitMs = 3600 * 1000;

export function readAnswer(raw: RawAnswer, nowMs: number): Answer {
  if (raw.status >= 200 && raw.status < 300 && isJsonObject(raw.body)) return { kind: 'accepted' };
  const reason = describeAnswer(raw);
  if (finalStatuses.has(raw.status) && isOurs(raw.body)) return { kind: 'refused', reason };
  return { kind: 'later', reason, retryAfterMs: retryAfterMs(raw, nowMs), status: raw.status };
}

/**
 * Whether a server of ours speaks of what was sent: with a `detail`, as text or, where FastAPI missed a field, as a list. That
 * there is nothing at this path says only that SERVER_URL is wrong.
 */
function isOurs(body: string): boolean {
  const said = parseProblem(body);
  if (said === undefined) return hasListOfDetails(body);
  return said.code === undefined ? said.detail !== 'Not Found' : said.code !== 'not_found';
}

function hasListOfDetails(body: string): boolean {
  const parsed = parseJson(body);
  return typeof parsed === 'object' && parsed !== null && 'detail' in parsed && Array.isArray(parsed.detail);
}

/** 401 and the like: with these credentials nothing will be taken, whatever it is. */
export const isAboutCredentials = (status: number | undefined): boolean =>
  status === 401 || status === 403 || status === 407;

/** For people: what came instead of what was asked for. */
export function describeAnswer(raw: RawAnswer): string {
  const { status } = raw;
  if (isAboutCredentials(status)) {
    const detail = parseProblem(raw.body)?.detail;
    const said = detail === undefined ? 'the server wants another user name and password' : printable(detail);
    return `HTTP ${status}: ${said}; look at STT_TOKEN, or AUTH_ENABLED, USERNAME and PASSWORD`;
  }
  if (status >= 300 && status < 400) {
    return `HTTP ${status}: the server redirects to ${printable(header(raw, 'location') ?? 'nowhere')}; set SERVER_URL to the right address`;
  }
  const detail = parseProblem(raw.body)?.detail;
  if (detail !== undefined) return `HTTP ${status}: ${printable(detail)}`;
  if (hasListOfDetails(raw.body)) return `HTTP ${status}: ${printable(raw.body)}`;
  return `HTTP ${status} with something that is not from stt-server (${printable(header(raw, 'content-type') ?? 'no content type')}); is SERVER_URL right?`;
}

/** Retry-After: seconds or a date. */
export function retryAfterMs(raw: RawAnswer, nowMs: number): number | undefined {
  const value = header(raw, 'retry-after');
  if (value === undefined) return undefined;
  const ms = /^\d+$/u.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(longestWaitMs, Math.max(0, ms));
}

function header(raw: RawAnswer, name: string): string | undefined {
  const value = raw.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function isJsonObject(body: string): boolean {
  const parsed = parseJson(body);
  return typeof parsed === 'object' && parsed !== null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
