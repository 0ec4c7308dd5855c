/** Reads a JSON body and checks it against its schema. No more than the limit is ever held in memory, whatever is sent. */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { longestBodyBytes } from '../../src/protocol/wire.ts';
import { type Refusal, refuse } from '../tasks/refusal.ts';

export type Body<T> = { kind: 'body'; value: T } | Refusal;

export async function readJson<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<Body<T>> {
  const objection = objectionToHeaders(request);
  const bytes = objection === undefined ? await readBounded(request) : undefined;
  // What was not read is thrown away as it comes, so that the client gets to read the answer.
  request.resume();
  if (objection !== undefined) return objection;
  if (bytes === undefined) return tooLarge;

  const value = parseJson(bytes);
  if (value === undefined) return refuse('bad_request', 'The body is not JSON in UTF-8.');
  const parsed = schema.safeParse(value);
  if (parsed.success) return { kind: 'body', value: parsed.data };
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  return refuse('bad_request', `The body is not what this call takes: ${problems.join('; ')}.`);
}

const tooLarge = refuse('body_too_large', `A body may have ${longestBodyBytes} bytes.`);

/** A type that is not stated is taken for JSON, as the ancestor's clients send nothing else. */
function objectionToHeaders({ headers }: IncomingMessage): Refusal | undefined {
  const type = headers['content-type'] ?? '';
  if (type !== '' && !/\bjson\b/iu.test(type)) {
    return refuse('unsupported_media_type', `The body must be application/json, not ${type.slice(0, 100)}.`);
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    return refuse('unsupported_media_type', 'The body must not be compressed.');
  }
  return Number(headers['content-length'] ?? 0) > longestBodyBytes ? tooLarge : undefined;
}

/** @returns undefined when there is more than may be. */
async function readBounded(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Leaving the loop must not end the connection: the answer goes over it.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    sizeBytes += (chunk as Buffer).byteLength;
    if (sizeBytes > longestBodyBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
