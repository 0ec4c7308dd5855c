/**
 * Reads cron expressions, with node-cron: which wall times one names, on a calendar without time zones. What those are in real
 * time, with clocks that are changed in spring and autumn, is none of its business: see local-starts.
 */
import { createTask, parse, validateDetailed } from 'node-cron';
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { printable } from '../../printable.ts';

/** Wall times are written as if they were UTC, in milliseconds since 1970. */
export type CronStarts = {
  /** The first one later than this; undefined where there is none within 40 years. */
  after: (wallMs: number) => number | undefined;
  /** The last one at or before this, and not before `earliestWallMs`. */
  atOrBefore: (wallMs: number, earliestWallMs: number) => number | undefined;
  /** Every hour is named: the hour that comes twice in autumn is not special, nor is the one that is left out in spring. */
  isEveryHour: boolean;
};

const dayMs = 86_400_000;
/** February 29 falls on a given weekday every 28 years, and 12 years later where a century is no leap year. */
const horizonMs = 40 * 366 * dayMs;

/** @throws AppError (exit 78) that names CRON, where the expression is none, or names no date that exists. */
export function cronStarts(expression: string): CronStarts {
  const words = expression.trim().replaceAll(/\s+/gu, ' ');
  const problem = problemOf(words);
  const kinds = eitherDay(words).filter((one) => problemOf(one) === undefined);
  // Of two kinds of day one may exist where the other does not.
  if (problem !== undefined && (problem !== noSuchDate || kinds.length === 0)) throw cronError(words, problem);
  const { second, minute, hour } = parse(kinds[0] ?? words);
  const seconds = sorted(second);
  const minutes = sorted(minute);
  const hours = sorted(hour);
  const timeOf = (index: number): number => {
    const inHour = minutes.length * seconds.length;
    const [h = 0, m = 0, s = 0] = [
      hours[Math.floor(index / inHour)],
      minutes[Math.floor(index / seconds.length) % minutes.length],
      seconds[index % seconds.length],
    ];
    return ((h * 60 + m) * 60 + s) * 1000;
  };
  const timesADay = hours.length * minutes.length * seconds.length;

  const matchers = kinds.map((one) => dayMatcher(one, timeOf(0)));
  const isDay = (midnightMs: number): boolean => matchers.some((matches) => matches(midnightMs));
  // Most questions are about the same day.
  let latest = { midnightMs: NaN, isDay: false };
  const hasDay = (midnightMs: number): boolean => {
    if (latest.midnightMs !== midnightMs) latest = { midnightMs, isDay: isDay(midnightMs) };
    return latest.isDay;
  };

  /** How many of the times of a day come before this. */
  const countBefore = (timeMs: number): number => {
    let low = 0;
    let high = timesADay;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (timeOf(middle) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const starts: CronStarts = {
    after(wallMs) {
      const today = midnightOf(wallMs);
      for (let day = today; day <= today + horizonMs; day += dayMs) {
        const index = day === today ? countBefore(wallMs - today + 1) : 0;
        if (index < timesADay && hasDay(day)) return day + timeOf(index);
      }
      return undefined;
    },
    atOrBefore(wallMs, earliestWallMs) {
      const today = midnightOf(wallMs);
      for (let day = today; day + dayMs > earliestWallMs; day -= dayMs) {
        const index = (day === today ? countBefore(wallMs - today + 1) : timesADay) - 1;
        if (index < 0 || !hasDay(day)) continue;
        const found = day + timeOf(index);
        return found >= earliestWallMs ? found : undefined;
      }
      return undefined;
    },
    isEveryHour: hours.length === 24,
  };
  if (starts.after(Date.UTC(2026, 0, 1)) === undefined) throw cronError(words, noSuchDate);
  return starts;
}

/**
 * Where both the day of the month and the day of the week are named, either will do, as for cron and for the ancestor; node-cron wants
 * both. So these are two expressions.
 */
function eitherDay(words: string): string[] {
  const fields = words.split(' ');
  const [ofMonth, ofWeek] = [fields.length - 3, fields.length - 1];
  const isNamed = (index: number): boolean => !['*', '?', undefined].includes(fields[index]);
  if (!isNamed(ofMonth) || !isNamed(ofWeek)) return [words];
  return [fields.with(ofWeek, '*').join(' '), fields.with(ofMonth, '*').join(' ')];
}

/** Whether a day, by its midnight, is one of those named. @param timeMs one of the times of day that are named. */
function dayMatcher(words: string, timeMs: number): (midnightMs: number) => boolean {
  const { dayOfMonth, month } = parse(words);
  const task = createTask(words, () => {}, { timezone: 'UTC' });
  // It is asked only, never started; node-cron keeps a list of all that are not destroyed.
  void task.destroy();
  return (midnightMs) => {
    const day = new Date(midnightMs);
    // What `match` would say as well, but slowly; days like `L` and `15W` it knows alone.
    if (!month.includes(day.getUTCMonth() + 1)) return false;
    if (!dayOfMonth.some((of) => typeof of === 'string' || of === day.getUTCDate())) return false;
    return task.match(new Date(midnightMs + timeMs));
  };
}

const midnightOf = (wallMs: number): number => Math.floor(wallMs / dayMs) * dayMs;

const sorted = (values: readonly number[]): number[] => [...new Set(values)].toSorted((a, b) => a - b);

const fieldNames: Readonly<Record<string, string>> = {
  second: 'second',
  minute: 'minute',
  hour: 'hour',
  dayOfMonth: 'day of the month',
  month: 'month',
  dayOfWeek: 'day of the week',
};

const noSuchDate = 'names no date that exists';

/** Completes the sentence "CRON is wrong: "..." ...". */
function problemOf(words: string): string | undefined {
  // A range is written out before it is checked: one of thousands of millions would fill the memory.
  const long = /\d{3,}/u.exec(words)?.[0];
  if (long !== undefined) return `has ${printable(long)} in it, which is too large for anything`;
  const fields = words.split(' ').length;
  if (!words.startsWith('@') && fields !== 5 && fields !== 6) {
    return `has ${fields === 1 ? '1 field' : `${fields} fields`}; there must be 5, or 6 with the second in front`;
  }
  const [error] = validateDetailed(words).errors;
  if (error === undefined) return undefined;
  const name = fieldNames[error.field];
  if (name === undefined) return 'is no cron expression';
  if (error.message.includes('impossible')) return noSuchDate;
  return `has "${printable(error.value ?? '')}" for the ${name}`;
}

function cronError(words: string, problem: string): AppError {
  return new AppError(`CRON is wrong: "${printable(words)}" ${problem}.`, {
    code: 'STT_CRON',
    hint: 'Write the minute, hour, day of the month, month and day of the week: CRON="0 22 * * *" begins at 22:00 every day.',
    exitCode: exitCodes.config,
  });
}
