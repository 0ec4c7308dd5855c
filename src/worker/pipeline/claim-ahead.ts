/**
 * When the next recording is claimed while the slots are busy: early enough to be prepared before one of them is free, and no earlier,
 * since another worker could have it meanwhile. Pure.
 */

export type RunningTask = {
  audioSeconds: number;
  /** Undefined: nothing is known of it yet. */
  secondsLeft: number | undefined;
};

export type PreparationTimes = {
  /** From the claim until an engine could begin. */
  note: (seconds: number) => void;
  /** So long before a slot is free the next recording is claimed. */
  leadSeconds: () => number;
};

/** Short recordings are soon done, whatever the machine; holding another one costs nobody much. */
const shortSeconds = 120;
const leastLeadSeconds = 60;
const firstLeadSeconds = 180;
const mostRemembered = 5;

export function isTimeToClaim(running: readonly RunningTask[], leadSeconds: number): boolean {
  return running.some(
    ({ audioSeconds, secondsLeft }) =>
      audioSeconds <= shortSeconds || (secondsLeft !== undefined && secondsLeft <= leadSeconds),
  );
}

/** Three times the longest of late: recordings differ, and so does a network from hour to hour. */
export function measurePreparations(): PreparationTimes {
  const recent: number[] = [];
  return {
    note(seconds) {
      recent.push(seconds);
      if (recent.length > mostRemembered) recent.shift();
    },
    leadSeconds: () => (recent.length === 0 ? firstLeadSeconds : Math.max(leastLeadSeconds, 3 * Math.max(...recent))),
  };
}
