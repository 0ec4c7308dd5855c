/**
 * Keeps one lease alive while its task is worked on. Only the server can say that a lease is lost: while it cannot be reached the
 * work goes on, since it gives every live lease a fresh term when it comes back, and takes a late transcript of an open task.
 */
import type { Clock } from '../clock.ts';
import type { Phase } from '../protocol/messages.ts';
import { heartbeatSeconds } from '../protocol/wire.ts';
import type { Lease, ServerClient } from './server-client.ts';

export type LeaseKeeper = Disposable & {
  /** Aborts when the server says that the lease is somebody else's; the reason is an Error with the server's words. */
  lost: AbortSignal;
};

export type LeaseKeeperOptions = {
  lease: Lease;
  client: Pick<ServerClient, 'sendHeartbeat'>;
  clock: Clock;
  /** What the heartbeat tells. */
  current: () => { phase: Phase; progress: number };
};

export function keepLease(options: LeaseKeeperOptions): LeaseKeeper {
  const lost = new AbortController();
  const done = new AbortController();
  // An ancestor's server knows no heartbeat.
  if (options.lease.seconds !== undefined) void beat(options, options.lease.seconds, lost, done.signal);
  return { lost: lost.signal, [Symbol.dispose]: () => done.abort() };
}

/** Whatever term a server gives. */
const shortestPauseMs = 1000;

async function beat(
  { lease, client, clock, current }: LeaseKeeperOptions,
  termSeconds: number,
  lost: AbortController,
  done: AbortSignal,
): Promise<void> {
  const intervalMs = Math.max(shortestPauseMs, Math.min(heartbeatSeconds, termSeconds / 3) * 1000);
  while (!done.aborted && !lost.signal.aborted) {
    await clock.sleep(intervalMs, done);
    if (done.aborted) return;
    const answer = await client.sendHeartbeat({ id: lease.id, ...current() }, done);
    if (answer.kind === 'refused' && !done.aborted) lost.abort(new Error(answer.reason));
  }
}
