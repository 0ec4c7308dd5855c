/**
 * Keeps count of what was this worker's own fault. Such a task is handed back, so that another machine may try it; the same
 * recording a second time is an attempt like any other, or it would come back for ever. Several in a row, on different recordings, or
 * one that is proven, and the worker is broken. Pure.
 */
import type { Finding } from './task-in-hand.ts';

/** Faults in a row, each on another recording, after which a worker takes no more tasks. */
const mostFaultsInARow = 3;
/** Recordings that are remembered. */
const mostRemembered = 1000;

export type MachineFaults = {
  /** @returns what the finding comes to in the light of those before. */
  weigh: (finding: Finding, recordingKey: string) => Finding;
  /** Why the worker is broken, in the words of the last fault; undefined: it is not. */
  verdict: () => string | undefined;
  /** A task came to its end in order, or the worker works again: what comes next is a new row. */
  forgive: () => void;
};

export function createMachineFaults(): MachineFaults {
  const known = new Set<string>();
  const inARow = new Set<string>();
  let last = '';
  let isProven = false;

  const isBroken = (): boolean => isProven || inARow.size >= mostFaultsInARow;
  return {
    weigh(finding, recordingKey) {
      if (finding.kind !== 'hand_back' || finding.trouble === undefined) return finding;
      const { trouble, reason } = finding;
      inARow.add(recordingKey);
      last = reason;
      isProven ||= trouble.isProven;
      const isKnown = known.has(recordingKey);
      known.delete(recordingKey);
      known.add(recordingKey);
      for (const oldest of known) {
        if (known.size <= mostRemembered) break;
        known.delete(oldest);
      }
      // A worker that is broken burns no attempts.
      const isAttempt = isKnown && !isBroken();
      return isAttempt ? { kind: 'failed', phase: trouble.phase, fault: trouble.fault, reason } : finding;
    },
    verdict: () => (isBroken() ? last : undefined),
    forgive() {
      inARow.clear();
      isProven = false;
    },
  };
}
