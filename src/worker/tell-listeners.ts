/** Hands every event of a worker to all who listen: who started it, its records, the notices to a person, and who joins later. */
import type { Clock } from '../clock.ts';
import type { DataPaths } from '../config/data-paths.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import { openNotices } from './notices/open-notices.ts';
import { openRecords } from './records/open-records.ts';
import { workerName } from './wire/client-for.ts';
import type { Report } from './worker-event.ts';

export type ListenersOptions = {
  settings: Pick<WorkerSettings, 'gotifyUrl' | 'gotifyKey' | 'nodeName'>;
  paths: Pick<DataPaths, 'workerRecords' | 'workerProcessedCsv'>;
  clock: Clock;
  /** Who started the worker. */
  report: Report;
  /** It was stopped, and has little time left. */
  drain: AbortSignal;
};

/** Disposing ends when what was heard is written and told, or cannot be within seconds. */
export type Listeners = AsyncDisposable & {
  /** To everybody. */
  report: Report;
  /** To everybody but who started the worker, and knows already. */
  reportToOthers: Report;
  join: (listener: Report) => void;
};

/** For the last notice of a worker that was stopped: see stop-in-time, which leaves it this time. */
const hastyMs = 1000;

export function tellListeners({ settings, paths, clock, report: starter, drain }: ListenersOptions): Listeners {
  const others: Report[] = [];
  const reportToOthers: Report = (event) => {
    for (const listener of others) listener(event);
  };
  const report: Report = (event) => {
    starter(event);
    reportToOthers(event);
  };
  const { gotifyUrl, gotifyKey } = settings;
  const records = openRecords({ folder: paths.workerRecords, processedCsv: paths.workerProcessedCsv, clock, report });
  const notices = openNotices({ gotifyUrl, gotifyKey, nodeName: workerName(settings), clock, report });
  others.push(records.note, notices.note);
  return {
    report,
    reportToOthers,
    join: (listener) => others.push(listener),
    async [Symbol.asyncDispose]() {
      await Promise.all([records.close(), notices.close(drain.aborted ? hastyMs : undefined)]);
    },
  };
}
