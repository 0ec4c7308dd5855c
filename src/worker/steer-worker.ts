/** What steers a running worker from outside: its working hours, a person's pause, and `stt status|pause|resume|drain`. */
import type { Clock } from '../clock.ts';
import type { DataPaths } from '../config/data-paths.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import { packageVersion } from '../package-folder.ts';
import { openControl } from './control/control-server.ts';
import { keepPause } from './control/keep-pause.ts';
import { keepStatus } from './control/keep-status.ts';
import type { WorkerStatus } from './control/worker-status.ts';
import { startWorkingHours } from './schedule/start-working-hours.ts';
import type { WorkPermit } from './schedule/work-permit.ts';
import type { Report } from './worker-event.ts';

export type SteeringOptions = {
  settings: Pick<WorkerSettings, 'cron' | 'processingHours' | 'graceMinutes'>;
  paths: Pick<DataPaths, 'workerControl' | 'workerPause'>;
  /** A run that is to end by itself keeps no hours. */
  keepsHours: boolean;
  permit: WorkPermit;
  /** Letters in the outbox at the start. */
  waiting: number;
  engineIdleSeconds: () => number;
  clock: Clock;
  report: Report;
  /** The worker ends. */
  signal: AbortSignal;
};

export type Steering = AsyncDisposable & {
  /** For `stt status`: hears every event from the start on. */
  hear: Report;
  /** What it says now. */
  status: () => WorkerStatus;
  /** When it resolves, the permit is as the hours and a pause want it. */
  begin: () => Promise<void>;
};

export function steerWorker(options: SteeringOptions): Steering {
  const { settings, paths, keepsHours, permit, waiting, engineIdleSeconds, clock, report, signal } = options;
  const { cron, processingHours: hours } = settings;
  const graceMs = settings.graceMinutes * 60_000;
  const status = keepStatus({ pid: process.pid, version: packageVersion(), waiting, permit, engineIdleSeconds, clock });
  const open = new AsyncDisposableStack();
  return {
    hear: status.report,
    status: status.status,
    async begin() {
      if (keepsHours) open.use(startWorkingHours({ cron, hours, graceMs, clock, permit, signal }));
      const pause = open.use(await keepPause({ file: paths.workerPause, permit, graceMs, clock, report }));
      const control = await openControl({
        folder: paths.workerControl,
        status: status.status,
        pause: pause.pause,
        resume: pause.resume,
        drain: () => permit.close({ why: 'drain', reason: 'draining, as asked for', finishByMs: Infinity }),
        clock,
        report,
      });
      open.use(control);
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}
