/**
 * What the end of a task means for the tasks after it: none; a rest; a worker that is broken; the end of a run that is to end by
 * itself. Decides nothing about the task but whether a fault of this worker counts as an attempt.
 */
import { messageOf } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import { createMachineFaults } from './machine-faults.ts';
import { createRestraint } from './restraint.ts';
import type { RunMode } from './supply.ts';
import type { Finding } from './task-in-hand.ts';

export type ConsequencesOptions = {
  mode: RunMode;
  clock: Pick<Clock, 'now'>;
  /** Faults of this worker piled up. Whoever finds that it works again calls `forgive`. */
  onBroken: (reason: string, forgive: () => void) => void;
  /** The run cannot go on. */
  giveUp: (error: unknown) => void;
};

export type Consequences = {
  /** Before the server is told, and before another task is claimed. @returns what it is to be told. */
  weigh: (found: Finding, recordingKey: string) => Finding;
  /** It was told, or will be by the outbox. */
  told: (found: Finding) => void;
  /** It can be neither kept nor sent. @returns what is left to be told. */
  untold: (error: unknown, recordingKey: string) => Finding;
  /** How long to hold back before the next claim. */
  restMs: () => number;
};

export function weighConsequences({ mode, clock, onBroken, giveUp }: ConsequencesOptions): Consequences {
  const faults = createMachineFaults();
  const restraint = createRestraint(clock);
  const isPatient = mode === 'forever';

  const weigh = (found: Finding, recordingKey: string): Finding => {
    const finding = faults.weigh(found, recordingKey);
    const { trouble, serverAway } = found.kind === 'hand_back' ? found : {};
    if (isVain(found)) restraint.note(true, trouble !== undefined);
    const fatal = trouble?.error ?? serverAway;
    if (fatal !== undefined && !isPatient) giveUp(fatal);
    const reason = faults.verdict();
    if (reason !== undefined && isPatient) onBroken(reason, faults.forgive);
    return finding;
  };
  return {
    weigh,
    told(found) {
      if (found.kind === 'transcript') restraint.note(false, false);
      if (found.kind === 'transcript' || found.kind === 'failed') faults.forgive();
    },
    untold(error, recordingKey) {
      const reason = messageOf(error);
      const trouble = {
        fault: 'machine',
        phase: 'deliver',
        isProven: false,
        error: error instanceof Error ? error : new Error(reason),
      } as const;
      const handBack: Finding = { kind: 'hand_back', reason, trouble };
      weigh(handBack, recordingKey);
      return handBack;
    },
    restMs: () => (isPatient ? restraint.restMs() : 0),
  };
}

/** A task that was handed back for a stop or a pause was not in vain. */
const isVain = (found: Finding): boolean =>
  found.kind === 'failed' || found.kind === 'lease_lost' || (found.kind === 'hand_back' && found.trouble !== undefined);
