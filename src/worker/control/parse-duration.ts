/** Reads how long a pause is to last: `90` or `90s`, `30m`, `2h`, `1d`, `1h30m`. Pure. */
import { longestPauseMs } from './pause-file.ts';

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };

/** @returns milliseconds. @throws Error for people. */
export function parseDuration(written: string): number {
  const text = written.trim().toLowerCase();
  const parts = /^(?:\d{1,9}[dhms])+$/u.test(text)
    ? text.match(/\d+[dhms]/gu)
    : /^\d{1,9}$/u.test(text)
      ? [`${text}s`]
      : null;
  const units = (parts ?? []).map((part) => part.at(-1) ?? '');
  // Each unit once, the large ones first: 30m1h is more likely a slip than an intention.
  const isOrdered = units.every(
    (unit, index) => index === 0 || (unitMs[unit] ?? 0) < (unitMs[units[index - 1] ?? ''] ?? 0),
  );
  if (parts === null || !isOrdered) {
    throw new Error(`"${written}" is no length of time; write it like 90s, 30m, 2h, 1d or 1h30m`);
  }
  const ms = parts.reduce((sum, part) => sum + Number.parseInt(part, 10) * (unitMs[part.at(-1) ?? ''] ?? 0), 0);
  if (ms === 0) throw new Error('a pause of no length is none; for its end there is `stt resume`');
  if (ms > longestPauseMs) throw new Error('a pause lasts 30 days at most; without --for it lasts until `stt resume`');
  return ms;
}
