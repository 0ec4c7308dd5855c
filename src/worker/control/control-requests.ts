/**
 * What may be asked of a running worker, for both sides. A request is hostile until it is parsed: small, strict, known. No decisions:
 * they are the worker's.
 */
import { z } from 'zod';
import { longestPauseMs, type PauseRequest } from './pause-file.ts';
import type { WorkerStatus } from './worker-status.ts';

const pauseBody = z.strictObject({
  forSeconds: z
    .number()
    .positive()
    .max(longestPauseMs / 1000)
    .optional(),
  isAtOnce: z.boolean().optional(),
});
export type PauseBody = z.infer<typeof pauseBody>;

const noBody = z.strictObject({});

export type Controls = {
  status: () => WorkerStatus;
  pause: (request: PauseRequest) => Promise<void>;
  resume: () => Promise<void>;
  drain: () => void;
};

/** `headers` beside those of every answer. */
export type ControlAnswer = { status: number; body: unknown; headers?: Record<string, string> };

type Call = { method: 'GET' | 'POST'; run: (body: unknown, controls: Controls) => Promise<unknown> };

const done = { status: 'ok' } as const;

const calls: Readonly<Record<string, Call>> = {
  '/status': { method: 'GET', run: async (_, { status }) => status() },
  '/pause': {
    method: 'POST',
    async run(body, { pause }) {
      const { forSeconds, isAtOnce = false } = pauseBody.parse(body);
      await pause({ forMs: forSeconds === undefined ? undefined : Math.round(forSeconds * 1000), isAtOnce });
      return done;
    },
  },
  '/resume': {
    method: 'POST',
    async run(body, { resume }) {
      noBody.parse(body);
      await resume();
      return done;
    },
  },
  '/drain': {
    method: 'POST',
    async run(body, { drain }) {
      noBody.parse(body);
      drain();
      return done;
    },
  },
};

/** @param text the body. */
export async function answerControl(
  request: { method: string | undefined; url: string | undefined; text: string },
  controls: Controls,
): Promise<ControlAnswer> {
  const call = Object.hasOwn(calls, request.url ?? '') ? calls[request.url ?? ''] : undefined;
  if (call === undefined) return refusal(404, 'There is no such call.');
  if (request.method !== call.method) {
    return { ...refusal(405, `This call is ${call.method}.`), headers: { Allow: call.method } };
  }
  try {
    const body: unknown = request.text === '' ? {} : JSON.parse(request.text);
    return { status: 200, body: await call.run(body, controls) };
  } catch (error) {
    if (error instanceof SyntaxError) return refusal(400, 'The body is not JSON.');
    if (error instanceof z.ZodError) return refusal(400, 'The body is not what this call takes.');
    throw error;
  }
}

export const refusal = (status: number, error: string): ControlAnswer => ({ status, body: { error } });
