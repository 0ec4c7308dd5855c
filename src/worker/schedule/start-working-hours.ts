/**
 * Opens and closes the permit of a worker as its working hours come and go. It asks the clock anew at least once a minute: a
 * machine may have slept, and its clock may have been set.
 */
import type { Clock } from '../../clock.ts';
import { cronStarts } from './cron-starts.ts';
import { type LocalStarts, localStarts, type OffsetAt, systemOffsetAt } from './local-starts.ts';
import { type WorkingHours, workingHours, type WorkingState } from './working-hours.ts';
import type { Closure } from '../worker-event.ts';
import type { WorkPermit } from './work-permit.ts';

export type WorkingHoursOptions = {
  /** Undefined: the worker always works. */
  cron: string | undefined;
  /** From each start; 0 or less: without end. */
  hours: number;
  /** A task that will be done so long after the end is finished. */
  graceMs: number;
  clock: Clock;
  permit: Pick<WorkPermit, 'close' | 'open'>;
  /** Ends it; the permit stays as it is then. */
  signal: AbortSignal;
  /** Of local time; the system's where it is left out. */
  offsetAt?: OffsetAt;
};

const longestSleepMs = 60_000;

/** The permit is right when this returns. @returns what ends it as well. @throws AppError (exit 78) that names CRON. */
export function startWorkingHours(options: WorkingHoursOptions): Disposable {
  const { cron, hours, clock, permit } = options;
  const ending = new AbortController();
  const following = { [Symbol.dispose]: () => ending.abort() };
  if (cron === undefined) return following;
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const starts = localStarts(cronStarts(cron), options.offsetAt ?? systemOffsetAt);
  const durationMs = hours * 3_600_000;
  const schedule = durationMs > 0 ? workingHours(starts, durationMs) : onceStarted(starts, clock.now());

  let told: string | undefined;
  /** @returns how long nothing will change, if the clock goes on as it does. */
  const look = (): number => {
    const now = clock.now();
    const state = schedule.stateAt(now);
    // Said again only where something changed: everybody who listens to the permit would wake up.
    const key = state.isOpen ? 'open' : `until ${state.untilMs}`;
    if (key !== told) {
      told = key;
      if (state.isOpen) permit.open('hours');
      else permit.close(closureOf(state, now, options.graceMs));
    }
    return (state.untilMs ?? Infinity) - now;
  };
  const follow = async (firstWaitMs: number): Promise<void> => {
    let waitMs = firstWaitMs;
    for (;;) {
      await clock.sleep(Math.min(longestSleepMs, Math.max(1, waitMs)), signal);
      if (signal.aborted) return;
      waitMs = look();
    }
  };
  void follow(look());
  return following;
}

function closureOf(state: WorkingState & { isOpen: false }, now: number, graceMs: number): Closure {
  const finishByMs = state.sinceMs === undefined ? now : state.sinceMs + graceMs;
  return { why: 'hours', reason: 'outside the working hours', finishByMs, untilMs: state.untilMs };
}

/** Without end: closed until the first start after `begunMs`, open for good from then on. As the ancestor. */
function onceStarted(starts: LocalStarts, begunMs: number): WorkingHours {
  let waitsSinceMs = begunMs;
  let isStarted = false;
  return {
    stateAt(nowMs): WorkingState {
      // The clock was set back: the first start after that counts.
      waitsSinceMs = Math.min(waitsSinceMs, nowMs);
      const first = starts.after(waitsSinceMs);
      isStarted ||= first !== undefined && first <= nowMs;
      if (isStarted) return { isOpen: true, untilMs: undefined };
      return { isOpen: false, sinceMs: undefined, untilMs: first };
    },
  };
}
