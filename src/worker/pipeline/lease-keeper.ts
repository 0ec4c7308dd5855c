/**
 * Keeps one lease alive from its claim until its task has come to its end, whatever the stages do. Only the server can say that a
 * lease is lost: while it cannot be reached the work goes on, since it gives every live lease a fresh term when it comes back, and
 * takes a late transcript of an open task.
 */
import type { Clock } from '../../clock.ts';
import type { HeartbeatMessage } from '../../protocol/messages.ts';
import { heartbeatSeconds } from '../../protocol/wire.ts';
import { backoffMs } from '../wire/backoff.ts';
import type { Lease, ServerClient } from '../wire/server-client.ts';

export type LeaseKeeper = Disposable & {
  /** Aborts when the server says that the lease is somebody else's; the reason is an Error with the server's words. */
  lost: AbortSignal;
  /** Resolves when the server has renewed the lease for the first time: before that no engine should begin. */
  confirmed: Promise<void>;
};

export type LeaseKeeperOptions = {
  lease: Lease;
  client: Pick<ServerClient, 'sendHeartbeat'>;
  clock: Clock;
  /** What the heartbeat tells. */
  current: () => Omit<HeartbeatMessage, 'id'>;
  /** Nobody answered. */
  onAway?: (reason: string, askedAtMs: number) => void;
  onHere?: () => void;
};

export function keepLease(options: LeaseKeeperOptions): LeaseKeeper {
  const lost = new AbortController();
  const done = new AbortController();
  const { promise: confirmed, resolve: confirm } = Promise.withResolvers<void>();
  // An ancestor's server knows no heartbeat.
  if (options.lease.seconds === undefined) confirm();
  else void beat(options, options.lease.seconds, { lost, done: done.signal, confirm });
  return { lost: lost.signal, confirmed, [Symbol.dispose]: () => done.abort() };
}

/** Whatever term a server gives. */
const shortestPauseMs = 1000;

async function beat(
  { lease, client, clock, current, onAway, onHere }: LeaseKeeperOptions,
  termSeconds: number,
  { lost, done, confirm }: { lost: AbortController; done: AbortSignal; confirm: () => void },
): Promise<void> {
  const intervalMs = Math.max(shortestPauseMs, Math.min(heartbeatSeconds, termSeconds / 3) * 1000);
  let failures = 0;
  while (!done.aborted) {
    const askedAtMs = clock.now();
    // A connection that hangs must not use up the term.
    const answer = await within(intervalMs, clock, done, (signal) =>
      client.sendHeartbeat({ id: lease.id, ...current() }, signal),
    );
    if (done.aborted) return;
    if (answer.kind === 'refused') return lost.abort(new Error(answer.reason));
    if (answer.kind === 'later' && answer.status === undefined) onAway?.(answer.reason, askedAtMs);
    if (answer.kind === 'accepted') {
      confirm();
      onHere?.();
    }
    failures = answer.kind === 'accepted' ? 0 : failures + 1;
    const asked = answer.kind === 'later' ? (answer.retryAfterMs ?? 0) : 0;
    const pauseMs = failures === 0 ? intervalMs : Math.max(asked, backoffMs(failures, Math.random()));
    await clock.sleep(Math.min(intervalMs, pauseMs), done);
  }
}

async function within<T>(
  ms: number,
  clock: Clock,
  done: AbortSignal,
  step: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const late = new AbortController();
  void clock.sleep(ms, AbortSignal.any([over.signal, done])).then(() => {
    if (!over.signal.aborted) late.abort(new Error(`no answer within ${ms / 1000} s`));
  });
  try {
    return await step(AbortSignal.any([done, late.signal]));
  } finally {
    over.abort();
  }
}
