/**
 * Tells systemd how this worker is: ready once its engine has proven itself, what it does, alive while its tasks come forward. One more
 * listener to its events.
 */
import type { Clock } from '../../clock.ts';
import type { ServiceNotifier } from '../../sd-notify.ts';
import type { WorkerStatus } from '../control/worker-status.ts';
import type { Report } from '../worker-event.ts';
import { describeService } from './describe-service.ts';
import { watchProgress } from './watch-progress.ts';

export type TellServiceOptions = {
  notifier: ServiceNotifier;
  /** What a stop may take; see stop-in-time. */
  stopMs: number;
  /** It was told to stop. */
  drain: AbortSignal;
  report: Report;
  clock: Clock;
  /** Monotonic: neither a clock that is set nor a sleep of the machine is a hang. */
  elapsedMs: () => number;
};

/** Disposing ends its rounds. */
export type ServiceTeller = AsyncDisposable & {
  hear: Report;
  /** From now on there is a status to tell. */
  follow: (status: () => WorkerStatus) => void;
};

/** What changes without an event is seen so late. */
const roundMs = 15_000;
const roundsPerInterval = 4;
/** Beside what the tasks may take: engines are ended, last words said. */
const marginMs = 10_000;
/** Rounds and short pauses of the machine have room in it. */
const shortestWatchdogMs = 60_000;

export function tellService(options: TellServiceOptions): ServiceTeller {
  const { notifier, stopMs, drain, report, clock, elapsedMs } = options;
  if (notifier.isSilent) return { hear: () => {}, follow: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() };

  const watch = watchProgress();
  const ended = new AbortController();
  let status: (() => WorkerStatus) | undefined;
  let hasBegun = false;
  const text = (): string =>
    status === undefined || !hasBegun ? 'starting: the engine is tried' : describeService(status(), clock.now());
  const stopping = (): void => notifier.stopping('stopping', stopMs + marginMs);
  if (drain.aborted) stopping();
  else drain.addEventListener('abort', stopping, { once: true });
  notifier.status(text());

  let isStuckTold = false;
  const round = (): void => {
    const stuck = watch.stuck(elapsedMs(), status?.().closures.length === 0);
    if (stuck === undefined) notifier.alive();
    else if (!isStuckTold) {
      isStuckTold = true;
      report({
        event: 'warning',
        message: `Nothing comes forward: ${stuck}. The watchdog will not be fed.`,
      });
    }
    if (!drain.aborted || hasBegun) notifier.status(text());
  };
  const rounds = async (): Promise<void> => {
    const everyMs = Math.min(roundMs, (notifier.watchdogMs ?? Infinity) / roundsPerInterval);
    while (!ended.signal.aborted) {
      round();
      await clock.sleep(everyMs, ended.signal);
    }
  };
  if ((notifier.watchdogMs ?? Infinity) < shortestWatchdogMs) {
    const message = `WatchdogSec=${(notifier.watchdogMs ?? 0) / 1000} is short for a worker that is busy: make it ${shortestWatchdogMs / 1000} or more.`;
    report({ event: 'warning', message });
  }
  const running = rounds();

  return {
    hear(event) {
      watch.hear(event, elapsedMs());
      if (event.event === 'started') {
        hasBegun = true;
        notifier.ready(text());
      }
      // What ended it is told by who started it.
      else if (hasBegun && event.event !== 'error' && event.event !== 'summary') notifier.status(text());
    },
    follow(now) {
      status = now;
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      drain.removeEventListener('abort', stopping);
      await running;
    },
  };
}
