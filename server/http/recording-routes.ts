/** The two calls that bring recordings: a task with its recording, and the recording again. */
import { z } from 'zod';
import { digestHeader, headers, longestWaitSeconds, paths, protocolVersion } from '../../src/protocol/wire.ts';
import { mediaTypeOf } from '../library/media-types.ts';
import type { Worker } from '../queue/task-queue.ts';
import type { Claims, Grant } from '../tasks/claims.ts';
import { sendNothing, sendProblem, sendRefusal } from './replies.ts';
import type { Exchange, Handler, Route, RouteAnswer } from './route.ts';
import { etagOf, rangeOf, sendRecording } from './send-recording.ts';

export type RecordingRoutesOptions = {
  claims: Claims;
  metrics: { recordingBytesSent: (sizeBytes: number) => void };
  /** A download from which nothing was taken for so long is cut off. */
  stallMs: number;
};

const recordingHeaders = {
  'X-Task-ID': 'The id of the task: of this lease of it.',
  'X-Language': 'ISO 639-1, or auto.',
  'X-Lease-Seconds': 'How long the lease lasts without a heartbeat (protocol 2).',
  'Repr-Digest': 'SHA-256 of the whole recording (RFC 9530).',
};
const recording: RouteAnswer = {
  status: 200,
  meaning: 'The recording.',
  body: { contentType: 'application/octet-stream' },
  headers: recordingHeaders,
};
const notReady: RouteAnswer = { status: 503, meaning: 'Not now; come again after Retry-After seconds.' };

export function recordingRoutes({ claims, metrics, stallMs }: RecordingRoutesOptions): Route[] {
  const onBytes = (sizeBytes: number): void => metrics.recordingBytesSent(sizeBytes);

  const claim: Handler = async (exchange) => {
    const worker = workerOf(exchange);
    const waitSeconds = worker.protocol === 2 ? Number(exchange.query.get('wait') ?? 0) : 0;
    if (!(waitSeconds >= 0)) return sendProblem(exchange, 'bad_request', 'wait must be a number of seconds.');
    const outcome = await claims.claim(worker, Math.min(waitSeconds, longestWaitSeconds) * 1000, exchange.gone);
    if (outcome.kind === 'refused') return sendRefusal(exchange, outcome);
    if (outcome.kind === 'none') return sendNothing(exchange);
    await using recording = outcome.recording;
    const { lease } = outcome;
    const broke = (isBegun: boolean): Promise<void> => claims.downloadBroke(lease, isBegun);
    const sent = await sendRecording(exchange.response, recording, {
      range: 'whole',
      headers: headersOf(exchange, outcome),
      stallMs,
      onBytes,
      onUnread: () => {
        broke(true).catch((error: unknown) => exchange.log.error({ err: error }, 'a task could not be handed back'));
      },
    });
    if (sent !== 'whole') await broke(sent === 'begun');
  };

  const audio: Handler = async (exchange) => {
    const { request, id, peer, gone } = exchange;
    const outcome = await claims.openAudio(id, peer, gone);
    if (outcome.kind === 'refused') return sendRefusal(exchange, outcome);
    await using recording = outcome.recording;
    const ifRange = request.headers['if-range'];
    const etag = outcome.sha256 === undefined ? undefined : etagOf(outcome.sha256);
    // RFC 9110, 14.2: only a GET has ranges.
    const header = request.method === 'GET' ? request.headers.range : undefined;
    const range = rangeOf(header, recording.sizeBytes, { ifRange, etag });
    if (range === 'unsatisfiable') {
      return sendProblem(exchange, 'range_not_satisfiable', `The recording has ${recording.sizeBytes} bytes.`, {
        'Content-Range': `bytes */${recording.sizeBytes}`,
      });
    }
    await sendRecording(exchange.response, recording, {
      range,
      headers: headersOf(exchange, outcome),
      stallMs,
      onBytes,
    });
  };

  return [
    {
      method: 'GET',
      path: paths.task,
      role: 'worker',
      operationId: 'claimTask',
      summary: 'Get a task: its recording is the body. It is leased to the worker that asks.',
      parameters: [
        {
          in: 'query',
          name: 'wait',
          meaning: `Protocol 2: wait so many seconds for a task, at most ${longestWaitSeconds}.`,
          schema: z.number().min(0).max(longestWaitSeconds).optional(),
        },
        {
          in: 'header',
          name: 'X-STT-Protocol',
          meaning: '2: the worker sends heartbeats.',
          schema: z.string().optional(),
        },
        {
          in: 'header',
          name: 'X-STT-Worker',
          meaning: 'The name of the worker, for logs.',
          schema: z.string().optional(),
        },
      ],
      answers: [
        recording,
        { status: 204, meaning: 'There is no task.' },
        { status: 400, meaning: 'wait is no number of seconds.' },
        notReady,
      ],
      handle: claim,
    },
    {
      method: 'GET',
      path: '/task/:id/audio',
      role: 'worker',
      takesHead: true,
      operationId: 'getRecording',
      summary: 'The recording of a live lease again, or the rest of it.',
      parameters: [
        { in: 'path', name: 'id', meaning: 'The id of the task.', schema: z.string().min(1) },
        { in: 'header', name: 'Range', meaning: 'One range of bytes.', schema: z.string().optional() },
      ],
      answers: [
        recording,
        { ...recording, status: 206, meaning: 'The range.' },
        { status: 404, meaning: 'There is no task with this id.' },
        { status: 409, meaning: 'The lease has ended, or the recording changed: drop the work.' },
        { status: 416, meaning: 'The recording has no such range.' },
        notReady,
      ],
      handle: audio,
    },
  ];
}

function workerOf({ request, peer }: Exchange): Worker {
  const name = request.headers[headers.worker];
  const protocol = Number(request.headers[headers.protocol]) >= Number(protocolVersion) ? 2 : 1;
  return { name: typeof name === 'string' ? name.slice(0, 100) : undefined, protocol, ...peer };
}

function headersOf({ requestId }: Exchange, { lease, sha256 }: Grant): Record<string, string> {
  const given: Record<string, string> = {
    'Content-Type': mediaTypeOf(lease.path),
    'Cache-Control': 'no-store',
    'X-Request-ID': requestId,
    'X-Content-Type-Options': 'nosniff',
    'X-Task-ID': lease.leaseId,
    'X-Language': lease.language,
  };
  if (lease.worker.protocol === 2) {
    given['X-Lease-Seconds'] = String(lease.termMs / 1000);
    given['Accept-Ranges'] = 'bytes';
  }
  if (sha256 !== undefined) {
    given['Repr-Digest'] = digestHeader(sha256);
    given['ETag'] = etagOf(sha256);
  }
  return given;
}
