/** From when on `stt stats` counts. Pure but for the local time zone. */
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';

/**
 * The beginning of a local day (`2026-11-22`), or a moment (`2026-11-22T14:05`, local unless it ends in a zone), in ms.
 * @throws AppError for anything else, also for days that no calendar has.
 */
export function parseSince(text: string): number {
  const found =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/u.exec(
      text.trim(),
    );
  const [, year, month, day, hour, , , zone] = found ?? [];
  const calendar = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (found !== null && calendar.getUTCMonth() === Number(month) - 1 && calendar.getUTCDate() === Number(day)) {
    const atMs = Date.parse(`${found[0].slice(0, 10)}T${hour === undefined ? '00:00' : found[0].slice(11)}`);
    if (!Number.isNaN(atMs) && (zone === undefined || hour !== undefined)) return atMs;
  }
  throw new AppError(`--since: "${text}" is not a date.`, {
    code: 'STT_USAGE',
    hint: 'Write it as 2026-11-22, or 2026-11-22T14:05.',
    exitCode: exitCodes.usage,
  });
}

/** The beginning of the first of so many local days, of which today is the last. */
export function startOfDays(days: number, nowMs: number): number {
  const now = new Date(nowMs);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - (days - 1)).getTime();
}
