/** When the worker would work: CRON is read, and its hours are told in the time of this machine. Pure but for the local time zone. */
import type { WorkerSettings } from '../../config/worker-settings.ts';
import { localTime } from '../../worker/control/describe-status.ts';
import { cronStarts } from '../../worker/schedule/cron-starts.ts';
import { localStarts, type OffsetAt } from '../../worker/schedule/local-starts.ts';
import { workingHours } from '../../worker/schedule/working-hours.ts';
import { type Checked, ok, warn } from '../finding.ts';

export type ScheduleLook = {
  settings: Pick<WorkerSettings, 'cron' | 'processingHours'>;
  nowMs: number;
  offsetAt: OffsetAt;
  /** As Intl has it: `Europe/Berlin`; undefined or `Etc/Unknown`: TZ names none that is known, and UTC is taken. */
  timeZone: string | undefined;
};

/** @throws AppError (exit 78) that names CRON. */
export function checkSchedule({ settings, nowMs, offsetAt, timeZone }: ScheduleLook): Checked {
  const { cron, processingHours } = settings;
  if (cron === undefined) return ok('always (CRON is not set)', undefined);
  const isKnown = timeZone !== undefined && timeZone !== 'Etc/Unknown';
  const starts = localStarts(cronStarts(cron), offsetAt);
  const found = `CRON="${cron}": ${describeHours(starts, processingHours, nowMs)}, time zone ${isKnown ? timeZone : 'UTC'}`;
  if (isKnown) return ok(found, undefined);
  return warn(
    `${found}, since TZ names none that is known`,
    'Set TZ to a name like Europe/Berlin, or unset it.',
    undefined,
  );
}

function describeHours(starts: ReturnType<typeof localStarts>, hours: number, nowMs: number): string {
  if (hours <= 0) return `works without end from ${describeTime(starts.after(nowMs))} on, or from a start before`;
  const state = workingHours(starts, hours * 3_600_000).stateAt(nowMs);
  const length = `for ${hours} ${hours === 1 ? 'hour' : 'hours'}`;
  if (!state.isOpen) return `the next start is ${describeTime(state.untilMs)}, ${length}`;
  return state.untilMs === undefined ? `works now, and on` : `works now, until ${localTime(state.untilMs)}`;
}

const describeTime = (ms: number | undefined): string => (ms === undefined ? 'never' : localTime(ms));
