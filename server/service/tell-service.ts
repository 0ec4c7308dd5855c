/**
 * Tells systemd how the server is: ready once it listens, what is in work, and alive with each round of its own work, so that a store,
 * a database or an event loop that hangs starves the watchdog.
 */
import { messageOf } from '../../src/app-error.ts';
import type { Logger } from '../../src/logger.ts';
import type { ServiceNotifier } from '../../src/sd-notify.ts';
import type { TaskDesk } from '../queue/task-desk.ts';
import type { Readiness } from '../tasks/readiness.ts';
import { describeService } from './describe-service.ts';

export type TellServiceOptions = {
  notifier: ServiceNotifier;
  readiness: Pick<Readiness, 'objection'>;
  desk: Pick<TaskDesk, 'figures'>;
  /** The pause between two rounds. */
  roundMs: number;
  logger: Logger;
};

export type ServiceTeller = {
  listening: () => void;
  /** The first scan of the library has ended. */
  scanned: () => void;
  /** A round has ended, well or not: a full disk must not end the server. */
  round: () => void;
  stopping: () => void;
};

/** Uploads that run, and then the database; see httpLimits. */
const longestStopMs = 35_000;
/** Rounds of an interval of the watchdog: two may be late. */
const fewestRounds = 4;

export function tellService({ notifier, readiness, desk, roundMs, logger }: TellServiceOptions): ServiceTeller {
  const { watchdogMs } = notifier;
  if (watchdogMs !== undefined && watchdogMs < fewestRounds * roundMs) {
    const atLeast = `make it ${(fewestRounds * roundMs) / 1000} or more`;
    logger.warn({ watchdogSec: watchdogMs / 1000 }, `WatchdogSec is short for this server: ${atLeast}`);
  }
  let isScanning = true;
  let isStopping = false;
  let looking: Promise<void> | undefined;
  /** Rounds that ended while one look went on. */
  let roundsLooking = 0;
  const tell = (text: string): void => {
    if (!isStopping) notifier.status(text);
  };
  const lookNow = async (): Promise<void> => {
    try {
      const [objection, figures] = await Promise.all([readiness.objection(), desk.figures()]);
      tell(describeService({ isScanning, objection, tasks: figures.tasks }));
    } catch (error) {
      tell(`no tasks are handed out: the task database cannot be read: ${messageOf(error)}`);
    }
    looking = undefined;
    roundsLooking = 0;
  };
  /** Never two at a time: a library that hangs must not gather them. */
  const look = (): void => {
    if (!notifier.isSilent) looking ??= lookNow();
  };
  return {
    listening() {
      notifier.ready('scanning the library');
      look();
    },
    scanned() {
      isScanning = false;
      // One that has begun tells what was then.
      if (looking === undefined) look();
      else void looking.then(look);
    },
    round() {
      notifier.alive();
      if (looking !== undefined) roundsLooking += 1;
      if (roundsLooking > 1) tell('no tasks are handed out: the library does not answer');
      look();
    },
    stopping() {
      isStopping = true;
      notifier.stopping('stopping', longestStopMs);
    },
  };
}
