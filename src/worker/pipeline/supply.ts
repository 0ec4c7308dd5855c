/**
 * Claims tasks ahead of the slots: asks the server for as many as there is room for, and waits where it may not ask, or in vain.
 * What becomes of a claimed task is not its business.
 */
import type { Clock } from '../../clock.ts';
import { longestWaitSeconds } from '../../protocol/wire.ts';
import type { WorkPermit } from '../schedule/work-permit.ts';
import { backoffMs } from '../wire/backoff.ts';
import type { Claim, ServerClient } from '../wire/server-client.ts';
import type { ServerPresence } from '../wire/server-presence.ts';
import type { Report } from '../worker-event.ts';
import type { DryTime } from './engine-idle.ts';
import type { Notifier } from './notifier.ts';

/** Until stopped; until the server has no task to give; one task. */
export type RunMode = 'forever' | 'until_empty' | 'once';

export type ClaimedTask = Extract<Claim, { kind: 'task' }>;

export type SupplyOptions = {
  mode: RunMode;
  client: Pick<ServerClient, 'claim'>;
  presence: ServerPresence;
  permit: WorkPermit;
  clock: Clock;
  report: Report;
  dryTime: DryTime;
  /** Whether one more task may be claimed now; asked again after each change. */
  hasRoom: () => boolean;
  changes: Notifier;
  /** Resolves when the disk has room for another recording. @throws AppError where it has none and the run is to end by itself. */
  diskRoom: (signal: AbortSignal) => Promise<void>;
  /** How long to hold back because of what became of the tasks before, in ms. */
  restMs: () => number;
  onTask: (task: ClaimedTask) => void;
};

/** A server that answers "no task" sooner than this knows no long poll, and is asked as seldom as the ancestor asks. */
const shortestPollMs = 10_000;
const waitSeconds = longestWaitSeconds - 10;

/**
 * Returns when the mode says so, or when the signal aborts.
 * @throws what ends a run that is to end by itself: the server away for too long, no room on the disk.
 */
export async function supplyTasks(options: SupplyOptions, signal: AbortSignal): Promise<void> {
  const { mode, presence, clock, report, dryTime } = options;
  let failures = 0;
  let isIdle = false;
  for (;;) {
    await mayClaim(options, signal);
    if (signal.aborted) return;
    const askedAt = clock.now();
    const claim = await claimUnlessClosed(options, signal);
    if (signal.aborted && claim?.kind !== 'task') return;
    if (claim === undefined) continue;

    if (claim.kind === 'later') {
      presence.away(claim.reason, askedAt);
      failures += 1;
      // A run that is to end by itself has less patience than a server may ask for.
      const asked = mode === 'forever' ? (claim.retryAfterMs ?? 0) : 0;
      await dryTime.during(clock.sleep(Math.max(asked, backoffMs(failures, Math.random())), signal));
      continue;
    }
    presence.here();
    failures = 0;
    if (claim.kind === 'none') {
      if (mode !== 'forever') return;
      if (!isIdle) report({ event: 'idle' });
      isIdle = true;
      // Not longer where the clock was set back meanwhile.
      const restMs = Math.min(shortestPollMs, Math.max(0, shortestPollMs - (clock.now() - askedAt)));
      await dryTime.during(clock.sleep(restMs, signal));
      continue;
    }
    isIdle = false;
    options.onTask(claim);
    if (mode === 'once') return;
  }
}

/** Resolves when a task may be claimed, or when the signal aborts. */
async function mayClaim(options: SupplyOptions, signal: AbortSignal): Promise<void> {
  const { permit, changes, hasRoom, diskRoom, restMs, clock, dryTime } = options;
  while (!signal.aborted) {
    if (permit.closure !== undefined) await dryTime.during(permit.whenOpen(signal));
    else if (!hasRoom()) await changeOrMoment(changes, clock, signal);
    else {
      const rest = restMs();
      if (rest > 0) await dryTime.during(clock.sleep(rest, signal));
      await diskRoom(signal);
      // All of this may have changed meanwhile.
      if (permit.closure === undefined && hasRoom() && restMs() === 0) return;
    }
  }
}

const momentMs = 1000;

/** Room comes with a change, or with time: when a slot will soon be free. */
async function changeOrMoment(changes: Notifier, clock: Clock, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  await Promise.race([changes.next(either), clock.sleep(momentMs, either)]);
  over.abort();
}

/** @returns undefined where it was broken off, because the worker may not take tasks any more. */
async function claimUnlessClosed(options: SupplyOptions, signal: AbortSignal): Promise<Claim | undefined> {
  const { mode, client, presence, permit, dryTime } = options;
  const closed = new AbortController();
  const stopListening = permit.onChange(() => {
    if (permit.closure !== undefined) closed.abort(new Error('no more tasks'));
  });
  const either = AbortSignal.any([signal, closed.signal]);
  try {
    const asking = client.claim(mode === 'forever' ? waitSeconds : 0, either, presence.patienceMs());
    return await dryTime.beyondAnAnswer(asking);
  } catch (error) {
    if (either.aborted) return undefined;
    throw error;
  } finally {
    stopListening();
  }
}
