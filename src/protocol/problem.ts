/** Errors on the wire: `application/problem+json` (RFC 9457) with a stable `code` that programs may look at. */
import { z } from 'zod';

export const problemCodes = {
  bad_request: 400,
  /** No token, or a wrong one. */
  unauthorized: 401,
  /** The token is right, and not for this. */
  forbidden: 403,
  unknown_task: 404,
  not_found: 404,
  method_not_allowed: 405,
  /** The headers or the body came too slowly. */
  request_timeout: 408,
  /** The lease ran out and the task is somebody else's, or finished by somebody else. */
  lease_lost: 409,
  /** The task is finished, with other bytes. */
  already_finished: 409,
  /** The recording is not the one that was leased. */
  recording_changed: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  expectation_failed: 417,
  /** A transcript that is not WebVTT. */
  bad_transcript: 422,
  /** Too many wrong tokens from this address. */
  too_many_attempts: 429,
  headers_too_large: 431,
  internal: 500,
  not_implemented: 501,
  not_ready: 503,
  /** Too much at once; soon again. */
  overloaded: 503,
} as const;

export type ProblemCode = keyof typeof problemCodes;

export type Problem = {
  type: 'about:blank';
  title: string;
  status: number;
  code: ProblemCode;
  /** What was wrong with this request. The ancestor's errors carry the same key. */
  detail: string;
};

export function problem(code: ProblemCode, detail: string): Problem {
  return { type: 'about:blank', title: code.replaceAll('_', ' '), status: problemCodes[code], code, detail };
}

const received = z.object({ code: z.string().max(100).optional(), detail: z.string().max(5000) });

/** The code and detail of an error body, as far as it has any: the ancestor's has no code, a proxy's page has neither. */
export function parseProblem(body: string): { code?: string | undefined; detail: string } | undefined {
  try {
    return received.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}
