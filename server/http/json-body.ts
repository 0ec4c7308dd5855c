/** Turns the body of a small message into what its schema says, or into an answer that tells what is wrong with it. Pure. */
import type { z } from 'zod';
import { type Refusal, refuse } from '../tasks/refusal.ts';
import { parseStrictJson } from './strict-json.ts';

export type Message<T> = { kind: 'message'; value: T } | Refusal;

const longestDetail = 1000;

export function readMessage<T>(bytes: Buffer, schema: z.ZodType<T>): Message<T> {
  const json = parseStrictJson(bytes);
  if (json.kind === 'wrong') return refuse('bad_request', `The body is not JSON in UTF-8: ${json.reason}.`);
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return { kind: 'message', value: parsed.data };
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  return refuse('bad_request', `The body is not what this call takes: ${problems.join('; ').slice(0, longestDetail)}.`);
}
