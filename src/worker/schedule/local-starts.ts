/**
 * When the wall times of a cron expression come in real time, with clocks that go forward in spring and back in autumn. Pure.
 *
 * A start in the hour that is left out in spring comes when that hour is skipped; one in the hour that comes twice in autumn comes
 * the first time only. Where the expression names every hour, both are ordinary hours: starts come as real time goes by.
 */
import type { CronStarts } from './cron-starts.ts';

/** All in milliseconds since 1970, real time. */
export type LocalStarts = {
  /** The first start later than this. */
  after: (ms: number) => number | undefined;
  /** The last start at or before this, and not before `earliestMs`. */
  atOrBefore: (ms: number, earliestMs: number) => number | undefined;
};

/** How far local clocks are ahead of UTC at an instant, in milliseconds. */
export type OffsetAt = (ms: number) => number;

/** Of the system, by TZ. */
export const systemOffsetAt: OffsetAt = (ms) => -new Date(ms).getTimezoneOffset() * 60_000;

const dayMs = 86_400_000;

export function localStarts(starts: CronStarts, offsetAt: OffsetAt): LocalStarts {
  /** The offsets a day before and a day after: two where the clocks are changed in between. */
  const offsetsNear = (ms: number): number[] => [...new Set([offsetAt(ms - dayMs), offsetAt(ms + dayMs)])];

  /** When it comes: once; where clocks change and every hour is named also never or twice. */
  const instantsOf = (wallMs: number): number[] => {
    // No offset is a whole day, so that both sides of the change are seen although a wall time is no instant.
    const shown = offsetsNear(wallMs)
      .map((offset) => wallMs - offset)
      .filter((ms) => ms + offsetAt(ms) === wallMs)
      .toSorted((a, b) => a - b);
    if (starts.isEveryHour) return shown;
    const [first = changeBetween(wallMs - dayMs, wallMs + dayMs)] = shown;
    return [first];
  };

  /** The first instant with the offset that holds at `highMs`. */
  const changeBetween = (lowMs: number, highMs: number): number => {
    const offset = offsetAt(highMs);
    let low = lowMs;
    let high = highMs;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(middle) === offset) high = middle;
      else low = middle;
    }
    return high;
  };

  return {
    after(ms) {
      let best: number | undefined;
      let wall = starts.after(ms + Math.min(...offsetsNear(ms)));
      // Around a change of clocks a later wall time may come earlier; beyond this none can.
      while (wall !== undefined && (best === undefined || wall - Math.max(...offsetsNear(wall)) < best)) {
        for (const instant of instantsOf(wall)) if (instant > ms && instant < (best ?? Infinity)) best = instant;
        wall = starts.after(wall);
      }
      return best;
    },
    atOrBefore(ms, earliestMs) {
      const earliestWall = earliestMs + Math.min(...offsetsNear(earliestMs));
      let best: number | undefined;
      let wall = starts.atOrBefore(ms + Math.max(...offsetsNear(ms)), earliestWall);
      while (wall !== undefined && (best === undefined || wall - Math.min(...offsetsNear(wall)) > best)) {
        for (const instant of instantsOf(wall)) if (instant <= ms && instant > (best ?? -Infinity)) best = instant;
        wall = starts.atOrBefore(wall - 1, earliestWall);
      }
      return best !== undefined && best >= earliestMs ? best : undefined;
    },
  };
}
