/** How long a worker holds back before it claims again, because of what became of its tasks. Pure but for the clock and chance. */
import type { Clock } from '../../clock.ts';
import { backoffMs } from '../wire/backoff.ts';

export type Restraint = {
  /** @param isVain it came to nothing. @param hasTrouble it was this worker's own fault. */
  note: (isVain: boolean, hasTrouble: boolean) => void;
  restMs: () => number;
};

/** So many tasks in a row may come to nothing: a server may hand out one hopeless task after the other, as fast as it is asked. */
const mostInVain = 3;

export function createRestraint(clock: Pick<Clock, 'now'>): Restraint {
  let inVain = 0;
  let troubles = 0;
  let since = 0;
  let pauseMs = 0;
  return {
    note(isVain, hasTrouble) {
      inVain = isVain ? inVain + 1 : 0;
      if (hasTrouble) troubles += 1;
      // What a recording is to blame for says nothing of this machine.
      else if (!isVain) troubles = 0;
      const failures = Math.max(troubles, inVain - mostInVain + 1);
      since = clock.now();
      pauseMs = failures > 0 ? backoffMs(failures, Math.random()) : 0;
    },
    // Not longer where the clock was set back meanwhile.
    restMs: () => Math.min(pauseMs, Math.max(0, since + pauseMs - clock.now())),
  };
}
