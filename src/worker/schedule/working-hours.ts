/**
 * Whether an instant lies in the working hours, and what comes next. Pure arithmetic over starts: each opens a window of the same
 * length, and windows that touch or overlap are one.
 */
import type { LocalStarts } from './local-starts.ts';

export type WorkingState =
  /** `untilMs`: undefined where one window follows another for as far as was looked. */
  | { isOpen: true; untilMs: number | undefined }
  /** `sinceMs`: undefined where that is long ago. `untilMs`: undefined where there is no start to come. */
  | { isOpen: false; sinceMs: number | undefined; untilMs: number | undefined };

export type WorkingHours = { stateAt: (nowMs: number) => WorkingState };

/** An end that is longer ago does not matter to anybody. */
const lookBackMs = 2 * 86_400_000;
/** Looking on after so many windows that touch is not worth it. Each is a second or longer. */
const mostWindows = 200;

/** @param durationMs of each window, in real time; more than 0. */
export function workingHours(starts: LocalStarts, durationMs: number): WorkingHours {
  /** Where the window that begins here ends, with those that touch it. */
  const endOf = (startMs: number): number | undefined => {
    let start = startMs;
    for (let windows = 0; windows < mostWindows; windows += 1) {
      const end = start + durationMs;
      const later = starts.atOrBefore(end, start + 1);
      if (later === undefined) return end;
      start = later;
    }
    return undefined;
  };
  return {
    stateAt(nowMs) {
      const start = starts.atOrBefore(nowMs, nowMs - durationMs - lookBackMs);
      if (start !== undefined && nowMs < start + durationMs) return { isOpen: true, untilMs: endOf(start) };
      const sinceMs = start === undefined ? undefined : start + durationMs;
      return { isOpen: false, sinceMs, untilMs: starts.after(nowMs) };
    },
  };
}
