/** Chooses how events are shown: JSON lines where asked for, live lines on a terminal, log lines everywhere else. */
import { systemClock } from '../../clock.ts';
import { hideSecrets } from '../../hide-secrets.ts';
import { createLogger, type LogLevel } from '../../logger.ts';
import { createLogReport } from './report-log.ts';
import { createTerminalReport } from './report-terminal.ts';
import type { Report } from '../worker-event.ts';

export type OpenReport = Disposable & { report: Report };

export function openReport(options: {
  json: boolean;
  logLevel: LogLevel;
  /** JOURNAL_STREAM. */
  journal?: string | undefined;
}): OpenReport {
  if (options.json) return lasting(jsonToStandardOutput());
  if (process.stdout.isTTY && process.stderr.isTTY) return createTerminalReport();
  return lasting(createLogReport(createLogger({ level: options.logLevel, journal: options.journal })));
}

export function jsonToStandardOutput(): Report {
  return createJsonReport(
    (line) => process.stdout.write(line),
    () => systemClock.now(),
  );
}

/** Each event as one line of JSON, with the time. */
export function createJsonReport(write: (line: string) => void, now: () => number): Report {
  return (event) => write(`${hideSecrets(JSON.stringify({ time: new Date(now()).toISOString(), ...event }))}\n`);
}

const lasting = (report: Report): OpenReport => ({ report, [Symbol.dispose]: () => {} });
