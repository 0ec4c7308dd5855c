/**
 * The SHA-256 of a recording that is about to be sent: known from before, or computed now. The worker cannot send heartbeats before
 * it knows its lease, so the lease is kept alive while a large recording is read.
 */
import type { Clock } from '../../src/clock.ts';
import { messageOf } from '../../src/app-error.ts';
import { sha256Of } from '../library/library.ts';
import { fingerprintOf, type OpenRecording } from '../library/open-recording.ts';
import type { Lease, TaskQueue } from '../queue/task-queue.ts';

export type Digest =
  | { kind: 'known'; sha256: string }
  /** The worker hung up meanwhile. */
  | { kind: 'gone' }
  /** Also where somebody is still writing it: it is offered again later, with the bytes it has then. */
  | { kind: 'unreadable'; reason: string };

export async function digestOf(
  lease: Lease,
  recording: OpenRecording,
  tools: { queue: TaskQueue; clock: Clock; gone: AbortSignal },
): Promise<Digest> {
  if (lease.recordingSha256 !== undefined) return { kind: 'known', sha256: lease.recordingSha256 };
  const { queue, clock, gone } = tools;
  const isRead = new AbortController();
  const keeping = keepAlive(lease, queue, clock, isRead.signal);
  try {
    const sha256 = await sha256Of(recording, gone);
    if (!(await isUnchanged(recording))) return { kind: 'unreadable', reason: 'it changed while it was read' };
    await queue.rememberDigest(lease, sha256);
    return { kind: 'known', sha256 };
  } catch (error) {
    return gone.aborted ? { kind: 'gone' } : { kind: 'unreadable', reason: messageOf(error) };
  } finally {
    isRead.abort();
    await keeping;
  }
}

async function isUnchanged({ handle, fingerprint }: OpenRecording): Promise<boolean> {
  return fingerprintOf(await handle.stat({ bigint: true })) === fingerprint;
}

async function keepAlive(lease: Lease, queue: TaskQueue, clock: Clock, ended: AbortSignal): Promise<void> {
  for (;;) {
    await clock.sleep(lease.termMs / 3, ended);
    if (ended.aborted) return;
    await queue.renew(lease.leaseId, clock.now());
  }
}
