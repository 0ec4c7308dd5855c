/** Does something again and again, with a pause between; never two at a time. One failure does not end it. */
import type { Clock } from '../src/clock.ts';
import type { Logger } from '../src/logger.ts';

export async function repeat(options: {
  /** For the log, where it fails. */
  what: string;
  everyMs: number;
  work: () => Promise<void>;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { what, everyMs, work, clock, logger, signal } = options;
  for (;;) {
    await clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      await work();
    } catch (error) {
      logger.error({ err: error }, `${what} failed; it is tried again in ${everyMs / 1000} s`);
    }
  }
}
