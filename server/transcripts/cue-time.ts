/** Times of cues: read from a timing line, written as WebVTT and SubRip want them. Whole milliseconds, so nothing is rounded. Pure. */

export type CueTimes = { startMs: number; endMs: number };

const time = String.raw`(?:(\d+):)?(\d{2}):(\d{2})\.(\d{3})`;
/** As the W3C's parser reads it, which does not ask for the blanks either. Settings of the cue may follow. */
const timingLine = new RegExp(String.raw`^[ \t]*${time}[ \t]*-->[ \t]*${time}(?!\d)`, 'u');
const timeAlone = new RegExp(`^${time}$`, 'u');
/** No recording is longer; what claims to be is held to it, or a number would not even stay exact. */
const longestHours = 9999;

/** @returns undefined where the line is no timing line: words that hold an arrow, for instance. */
export function readTimingLine(line: string): CueTimes | undefined {
  const found = timingLine.exec(line);
  if (found === null) return undefined;
  const startMs = milliseconds(found.slice(1, 5));
  const endMs = milliseconds(found.slice(5, 9));
  return startMs === undefined || endMs === undefined ? undefined : { startMs, endMs };
}

/** @returns undefined where this is no time. */
export function readTime(written: string): number | undefined {
  const found = timeAlone.exec(written);
  return found === null ? undefined : milliseconds(found.slice(1));
}

/** `00:01:02.003`; SubRip has a comma before the milliseconds. */
export function writeTime(ms: number, mark: '.' | ',' = '.'): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}${mark}${String(ms % 1000).padStart(3, '0')}`;
}

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

function milliseconds([hours, minutes, seconds, thousandths]: readonly (string | undefined)[]): number | undefined {
  const [h, m, s] = [Math.min(Number(hours ?? 0), longestHours), Number(minutes), Number(seconds)];
  if (m > 59 || s > 59) return undefined;
  return ((h * 60 + m) * 60 + s) * 1000 + Number(thousandths);
}
