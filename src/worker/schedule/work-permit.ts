/**
 * Whether the worker may take tasks, and what becomes of those in its slots where it may not. Several may close it, each for its
 * own reason (working hours, a person, a broken engine, a stop); it is open when nobody does.
 */
import type { Closure, Report } from '../worker-event.ts';

export type Why = Closure['why'];

export type WorkPermit = {
  /** The one that says the most: of several, the one whose tasks must end first. Undefined: open. */
  readonly closure: Closure | undefined;
  /** Closes for this reason, or changes what was said of it before. */
  close: (closure: Closure) => void;
  /** Takes this reason away; nothing happens where it was not given. */
  open: (why: Why) => void;
  /** Every closure there is. */
  closures: () => readonly Closure[];
  /** Called after every change. @returns what ends that. */
  onChange: (listener: () => void) => () => void;
  /** Resolves when it is open, or when the signal aborts. */
  whenOpen: (signal: AbortSignal) => Promise<void>;
};

export function createWorkPermit(report: Report): WorkPermit {
  const closures = new Map<Why, Closure>();
  const listeners = new Set<() => void>();
  const strictest = (): Closure | undefined =>
    [...closures.values()].reduce<Closure | undefined>(
      (found, closure) => (found === undefined || closure.finishByMs < found.finishByMs ? closure : found),
      undefined,
    );
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    get closure() {
      return strictest();
    },
    close(closure) {
      const before = closures.get(closure.why);
      closures.set(closure.why, closure);
      const { why, reason, untilMs } = closure;
      if (before === undefined || before.untilMs !== untilMs || before.reason !== reason) {
        const until = untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() };
        report({ event: 'closed', why, reason, ...until });
      }
      changed();
    },
    open(why) {
      if (!closures.delete(why)) return;
      if (closures.size === 0) report({ event: 'opened' });
      changed();
    },
    closures: () => [...closures.values()],
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    whenOpen(signal) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (closures.size > 0 && !signal.aborted) return;
          listeners.delete(look);
          signal.removeEventListener('abort', look);
          resolve();
        };
        listeners.add(look);
        signal.addEventListener('abort', look);
        look();
      });
    },
  };
}
