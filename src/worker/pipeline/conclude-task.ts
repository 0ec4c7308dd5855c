/** The end of a task, whichever it is: the server is told, or will be by the outbox. The only stage that speaks for the task. */
import type { Outbox } from '../outbox/outbox.ts';
import type { TaskEnd } from '../worker-event.ts';
import type { Lease, ServerClient } from '../wire/server-client.ts';
import type { Finding } from './task-in-hand.ts';

export type ConcludeOptions = {
  client: Pick<ServerClient, 'sendRelease'>;
  outbox: Pick<Outbox, 'post'>;
  /** Aborts when a stopping worker has no more time for this. */
  signal: AbortSignal;
};

const longestReason = 4000;

/** @throws AppError STT_OUTBOX where what is to be told can be neither kept nor sent. */
export async function concludeTask(finding: Finding, lease: Lease, options: ConcludeOptions): Promise<TaskEnd> {
  const { outbox, signal } = options;
  if (finding.kind === 'lease_lost') return { event: 'lease_lost', reason: finding.reason };
  if (finding.kind === 'hand_back') {
    const { reason, trouble } = finding;
    const accepted = await handBack(lease, reason, options);
    return { event: 'handed_back', accepted, reason, ...(trouble === undefined ? {} : { fault: trouble.fault }) };
  }
  if (finding.kind === 'failed') {
    const { phase, fault, reason } = finding;
    const error = reason.slice(0, longestReason);
    await outbox.post({ kind: 'error', message: { id: lease.id, error, fault } }, signal);
    return { event: 'failed', phase, fault, reason };
  }
  const { outcome, suspect, message, audioSeconds, engineSeconds } = finding;
  const delivery = await outbox.post({ kind: 'result', message }, signal);
  const reasons = outcome === 'suspect' ? { suspect } : {};
  return { event: 'transcribed', outcome, ...reasons, delivery, audioSeconds, engineSeconds };
}

/**
 * To a protocol 2 server this is no attempt. An ancestor's server knows errors only, and would wait for days without one.
 * @returns whether the server heard it, or will.
 */
async function handBack(lease: Lease, reason: string, { client, outbox, signal }: ConcludeOptions): Promise<boolean> {
  if (lease.seconds !== undefined) {
    const answer = await client.sendRelease({ id: lease.id, reason: reason.slice(0, 1000) }, signal);
    return answer.kind === 'accepted';
  }
  try {
    return (await outbox.post({ kind: 'error', message: { id: lease.id } }, signal)) !== 'refused';
  } catch {
    return false;
  }
}
