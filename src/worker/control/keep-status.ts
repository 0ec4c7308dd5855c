/** Keeps the status of this worker while events come in: one more listener to events, asked by the control server. */
import type { Clock } from '../../clock.ts';
import type { WorkPermit } from '../schedule/work-permit.ts';
import type { Report } from '../worker-event.ts';
import { addToFacts, factsAtStart, statusNow, type WorkerStatus } from './worker-status.ts';

export type StatusKeeper = { report: Report; status: () => WorkerStatus };

export function keepStatus(options: {
  pid: number;
  version: string;
  /** Letters that wait in the outbox at the start. */
  waiting: number;
  permit: Pick<WorkPermit, 'closures'>;
  /** Measured, all slots together. */
  engineIdleSeconds: () => number;
  clock: Pick<Clock, 'now'>;
}): StatusKeeper {
  const { permit, engineIdleSeconds, clock, ...start } = options;
  let facts = factsAtStart({ ...start, startedAtMs: clock.now() });
  return {
    report(event) {
      facts = addToFacts(facts, event, clock.now());
    },
    status: () =>
      statusNow(facts, {
        closures: permit.closures(),
        engineIdleSeconds: engineIdleSeconds(),
        nowMs: clock.now(),
      }),
  };
}
