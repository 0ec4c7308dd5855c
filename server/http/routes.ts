/** The wire, call by call: from the request to a verb, and from its outcome to an answer. It decides nothing itself. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { errorMessage, heartbeatMessage, releaseMessage, resultMessage } from '../../src/protocol/messages.ts';
import { digestHeader, headers, longestWaitSeconds, paths, protocolVersion } from '../../src/protocol/wire.ts';
import { mediaTypeOf } from '../library/media-types.ts';
import type { Worker } from '../queue/task-queue.ts';
import type { Claims, Grant } from '../tasks/claims.ts';
import type { Deliveries } from '../tasks/deliveries.ts';
import type { Leases } from '../tasks/leases.ts';
import type { Readiness } from '../tasks/readiness.ts';
import type { Accepted, Refusal } from '../tasks/refusal.ts';
import { readJson } from './json-body.ts';
import { sendJson, sendNothing, sendProblem } from './replies.ts';
import type { Route } from './router.ts';
import { rangeOf, sendRecording } from './send-recording.ts';

export type Exchange = {
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
  /** The `:id` of the path; hostile like everything else. */
  id: string;
  /** Aborts when the client hangs up. */
  gone: AbortSignal;
};

export type Handler = (exchange: Exchange) => Promise<void>;

export type RoutesOptions = {
  claims: Claims;
  leases: Leases;
  deliveries: Deliveries;
  readiness: Readiness;
  /** A download from which nothing was taken for so long is cut off. */
  stallMs: number;
};

export function makeRoutes(options: RoutesOptions): Route<Handler>[] {
  const { claims, leases, deliveries, readiness } = options;

  const claim: Handler = async ({ request, response, query, gone }) => {
    const worker = workerOf(request);
    const waitSeconds = worker.protocol === 2 ? Number(query.get('wait') ?? 0) : 0;
    if (!(waitSeconds >= 0)) return sendProblem(response, 'bad_request', 'wait must be a number of seconds.');
    const outcome = await claims.claim(worker, Math.min(waitSeconds, longestWaitSeconds) * 1000, gone);
    if (outcome.kind === 'refused') return sendProblem(response, outcome.code, outcome.detail);
    if (outcome.kind === 'none') return sendNothing(response);
    await using recording = outcome.recording;
    const isSent = await sendRecording(response, recording, {
      range: 'whole',
      headers: headersOf(outcome),
      stallMs: options.stallMs,
    });
    if (!isSent) await claims.downloadBroke(outcome.lease);
  };

  const audio: Handler = async ({ request, response, id, gone }) => {
    const outcome = await claims.openAudio(id, gone);
    if (outcome.kind === 'refused') return sendProblem(response, outcome.code, outcome.detail);
    await using recording = outcome.recording;
    const range = rangeOf(request.headers.range, recording.sizeBytes);
    if (range === 'unsatisfiable') {
      return sendProblem(response, 'range_not_satisfiable', `The recording has ${recording.sizeBytes} bytes.`, {
        'Content-Range': `bytes */${recording.sizeBytes}`,
      });
    }
    await sendRecording(response, recording, { range, headers: headersOf(outcome), stallMs: options.stallMs });
  };

  return [
    { method: 'GET', path: paths.task, handle: claim },
    { method: 'GET', path: '/task/:id/audio', handle: audio },
    post(paths.result, resultMessage, (message, ip) => deliveries.deliver(message, ip)),
    post(paths.error, errorMessage, ({ id, error }, ip) => leases.fail(id, error ?? 'no reason given', ip)),
    post(paths.heartbeat, heartbeatMessage, ({ id }) => leases.renew(id)),
    post(paths.release, releaseMessage, ({ id, reason }) => leases.release(id, reason)),
    { method: 'GET', path: paths.livez, handle: async ({ response }) => sendJson(response, 200, { status: 'ok' }) },
    {
      method: 'GET',
      path: paths.readyz,
      async handle({ response }) {
        const objection = await readiness.objection();
        if (objection === undefined) sendJson(response, 200, { status: 'ok' });
        else sendProblem(response, 'not_ready', objection);
      },
    },
  ];
}

/** A call that takes a message and answers `{"status":"ok"}`, the ancestor's way. */
function post<T>(
  path: string,
  schema: z.ZodType<T>,
  verb: (message: T, ip: string) => Promise<Accepted | Refusal>,
): Route<Handler> {
  return {
    method: 'POST',
    path,
    async handle({ request, response }) {
      const body = await readJson(request, schema);
      const outcome = body.kind === 'body' ? await verb(body.value, ipOf(request)) : body;
      if (outcome.kind === 'accepted') sendJson(response, 200, { status: 'ok' });
      else sendProblem(response, outcome.code, outcome.detail);
    },
  };
}

function workerOf(request: IncomingMessage): Worker {
  const name = request.headers[headers.worker];
  const protocol = Number(request.headers[headers.protocol]) >= Number(protocolVersion) ? 2 : 1;
  return { name: typeof name === 'string' ? name.slice(0, 100) : undefined, ip: ipOf(request), protocol };
}

function ipOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? 'unknown';
}

function headersOf({ lease, sha256 }: Grant): Record<string, string> {
  return {
    'Content-Type': mediaTypeOf(lease.path),
    'Cache-Control': 'no-store',
    'X-Task-ID': lease.leaseId,
    'X-Language': lease.language,
    ...(lease.worker.protocol === 2
      ? { 'X-Lease-Seconds': String(lease.termMs / 1000), 'Accept-Ranges': 'bytes' }
      : {}),
    ...(sha256 === undefined ? {} : { 'Repr-Digest': digestHeader(sha256) }),
  };
}
