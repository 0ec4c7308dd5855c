/**
 * Which events a person is told of who does not look: failures, and a worker that is broken. What is ordinary (tasks handed back,
 * leases lost, working hours, pauses) is not among them. Pure.
 */
import { hideSecrets } from '../../hide-secrets.ts';
import { printable } from '../../printable.ts';
import type { Fault, WorkerEvent } from '../worker-event.ts';

export type Notice =
  | { kind: 'failed'; fault: Fault; reason: string }
  | { kind: 'refused' | 'broken' | 'away' | 'ended'; reason: string }
  | { kind: 'mended' | 'back' };

/** What one event alone says; that a server stays away needs a clock, and a worker is mended only if it was broken. */
export function noticeOf(event: WorkerEvent): Notice | undefined {
  if (event.event === 'failed') return { kind: 'failed', fault: event.fault, reason: shortReason(event.reason) };
  if (event.event === 'refused' && event.what === 'result')
    return { kind: 'refused', reason: shortReason(event.reason) };
  if (event.event === 'closed' && event.why === 'broken') return { kind: 'broken', reason: shortReason(event.reason) };
  if (event.event === 'error') return { kind: 'ended', reason: shortReason(event.message) };
  return undefined;
}

/** The first line alone: after it come the last words of an engine, which may hold what was spoken. */
export function shortReason(reason: string): string {
  return hideSecrets(printable(reason.trim().split(/[\r\n\u2028\u2029]/u, 1)[0] ?? ''));
}
