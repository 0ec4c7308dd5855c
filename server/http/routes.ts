/** The wire, call by call: from the request to a verb, and from its outcome to an answer. It decides nothing itself. */
import { z } from 'zod';
import { errorMessage, heartbeatMessage, releaseMessage, resultMessage } from '../../src/protocol/messages.ts';
import { longestBodyBytes, paths, protocolVersion } from '../../src/protocol/wire.ts';
import type { Deliveries } from '../tasks/deliveries.ts';
import type { Leases } from '../tasks/leases.ts';
import type { Peer } from '../tasks/peer.ts';
import type { Readiness } from '../tasks/readiness.ts';
import type { Accepted, Refusal } from '../tasks/refusal.ts';
import { readMessage } from './json-body.ts';
import { type RecordingRoutesOptions, recordingRoutes } from './recording-routes.ts';
import { sendOk, sendProblem, sendRefusal } from './replies.ts';
import type { Exchange, Handler, Route, RouteAnswer } from './route.ts';

export type RoutesOptions = RecordingRoutesOptions & {
  leases: Leases;
  deliveries: Deliveries;
  readiness: Readiness;
};

const statusOk: RouteAnswer = {
  status: 200,
  meaning: 'Done, or done before.',
  body: { contentType: 'application/json', schema: z.object({ status: z.literal('ok') }) },
};
const badRequest: RouteAnswer = { status: 400, meaning: 'The body is not what this call takes.' };
const unknownId: RouteAnswer = { status: 404, meaning: 'There is no task with this id.' };
const lostLease: RouteAnswer = { status: 409, meaning: 'The lease has ended: drop the work.' };
const notReady: RouteAnswer = { status: 503, meaning: 'Not now; come again after Retry-After seconds.' };
/** By this a worker knows, before it shows a token, that it is a server of ours. */
const protocolHeader = { 'X-STT-Protocol': 'The protocol that the server speaks: 2.' };
const bodyAnswers: readonly RouteAnswer[] = [
  badRequest,
  { status: 408, meaning: 'The body came too slowly.' },
  { status: 413, meaning: 'The body is too large.' },
  { status: 415, meaning: 'The body is not JSON, or is compressed.' },
  notReady,
];

export function makeRoutes(options: RoutesOptions): Route[] {
  const { leases, deliveries, readiness } = options;
  return [
    ...recordingRoutes(options),
    {
      method: 'POST',
      path: paths.result,
      role: 'worker',
      operationId: 'deliverResult',
      summary: 'Deliver the transcript of a task. 200 means that it is on the disk.',
      request: resultMessage,
      longestBodyBytes,
      answers: [
        statusOk,
        ...bodyAnswers,
        unknownId,
        { status: 409, meaning: 'The task is finished with other bytes, or its recording changed: drop the work.' },
        { status: 422, meaning: 'The transcript is no whole WebVTT.' },
      ],
      async handle(exchange) {
        const body = await exchange.readBody();
        answer(exchange, Buffer.isBuffer(body) ? await deliveries.deliver(body, exchange.peer) : body);
      },
    },
    {
      method: 'POST',
      path: paths.error,
      role: 'worker',
      operationId: 'reportError',
      summary: 'Report that a task failed. The attempt counts.',
      request: errorMessage,
      answers: [statusOk, ...bodyAnswers, unknownId, lostLease],
      handle: taking(errorMessage, ({ id, error, fault }, peer) =>
        leases.fail(id, { reason: error ?? 'no reason given', fault }, peer),
      ),
    },
    {
      method: 'POST',
      path: paths.heartbeat,
      role: 'worker',
      operationId: 'renewLease',
      summary: 'Renew a lease: the worker is still at it.',
      request: heartbeatMessage,
      answers: [statusOk, ...bodyAnswers, unknownId, lostLease],
      handle: taking(heartbeatMessage, ({ id, trouble }, peer) => leases.renew(id, peer, trouble)),
    },
    {
      method: 'POST',
      path: paths.release,
      role: 'worker',
      operationId: 'releaseTask',
      summary: 'Hand a task back. The attempt does not count.',
      request: releaseMessage,
      answers: [statusOk, ...bodyAnswers, unknownId, lostLease],
      handle: taking(releaseMessage, ({ id, reason }, peer) => leases.release(id, reason, peer)),
    },
    {
      method: 'GET',
      path: paths.livez,
      role: 'none',
      takesHead: true,
      takesCrossSite: true,
      operationId: 'isAlive',
      summary: 'Whether the server answers at all.',
      answers: [{ ...statusOk, meaning: 'It lives.' }],
      handle: sendOk,
    },
    {
      method: 'GET',
      path: paths.readyz,
      role: 'none',
      takesHead: true,
      takesCrossSite: true,
      operationId: 'isReady',
      summary: 'Whether tasks are handed out, and if not, why. The reason names no file.',
      answers: [
        { ...statusOk, meaning: 'Tasks are handed out.', headers: protocolHeader },
        { ...notReady, headers: protocolHeader },
      ],
      async handle(exchange) {
        exchange.response.setHeader('X-STT-Protocol', protocolVersion);
        const objection = await readiness.objection();
        if (objection === undefined) sendOk(exchange);
        else sendProblem(exchange, 'not_ready', objection);
      },
    },
  ];
}

/** A call that takes a small message. */
function taking<T>(schema: z.ZodType<T>, verb: (message: T, peer: Peer) => Promise<Accepted | Refusal>): Handler {
  return async (exchange) => {
    const body = await exchange.readBody();
    const message = Buffer.isBuffer(body) ? readMessage(body, schema) : body;
    answer(exchange, message.kind === 'message' ? await verb(message.value, exchange.peer) : message);
  };
}

function answer(exchange: Exchange, outcome: Accepted | Refusal): void {
  if (outcome.kind === 'accepted') sendOk(exchange);
  else sendRefusal(exchange, outcome);
}
