/** A task between its claim and its end, and what its stages may come to. The stages know these values and nothing of each other. */
import { AppError, messageOf } from '../../app-error.ts';
import type { SuspectReason } from '../../engine/judge-transcript.ts';
import type { Phase, ResultMessage } from '../../protocol/messages.ts';
import type { Fault } from '../worker-event.ts';
import type { Lease, RecordingStream } from '../wire/server-client.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { TaskProgress } from './task-progress.ts';
import type { TaskFolder } from './work-folder.ts';

export type TaskInHand = {
  lease: Lease;
  /** Names the recording beyond this lease: its digest, or with an ancestor's server the id, which stays the same there. */
  recordingKey: string;
  claimedAtMs: number;
  recording: RecordingStream;
  folder: TaskFolder;
  progress: TaskProgress;
  keeper: LeaseKeeper;
  /** Abort it to have the task handed back; the reason is an Error for people. */
  handBack: AbortController;
  /** Aborts when the work is to be dropped: to be handed back, or lost to somebody else. */
  dropped: AbortSignal;
};

/** Decoded, and under a lease that the server has confirmed: an engine may begin. */
export type Prepared = {
  kind: 'prepared';
  /** From the claim until it was decoded. */
  preparationSeconds: number;
  /** 16 kHz mono. */
  wavFile: string;
  language: string;
  audioSeconds: number;
  /** Where the last sound ends; undefined where that is not known. */
  soundUntilSeconds: number | undefined;
};

/** What working on a task came to. */
export type Finding =
  | {
      kind: 'transcript';
      outcome: 'ok' | 'no_speech' | 'suspect';
      suspect: readonly SuspectReason[];
      message: ResultMessage;
      audioSeconds: number;
      engineSeconds: number;
    }
  /** An attempt. */
  | { kind: 'failed'; phase: Phase; fault: Fault; reason: string }
  | { kind: 'lease_lost'; reason: string }
  /** No attempt. With `trouble` it is this worker's fault; with `serverAway` nobody's here. */
  | { kind: 'hand_back'; reason: string; trouble?: Trouble; serverAway?: AppError };

export type Trouble = {
  fault: 'engine' | 'machine';
  phase: Phase;
  error: Error;
  /** No recording would fare better: the engine, its GPU or a program is gone, or failed on the bundled sample too. */
  isProven: boolean;
};

/** What becomes of a task in which a step was thrown out of: dropped on purpose, or this machine in trouble. */
export function findingOf(error: unknown, { keeper, handBack, progress }: TaskInHand): Finding {
  if (keeper.lost.aborted) return { kind: 'lease_lost', reason: messageOf(keeper.lost.reason) };
  if (handBack.signal.aborted) return { kind: 'hand_back', reason: messageOf(handBack.signal.reason) };
  const trouble: Trouble = {
    fault: isOfEngine(error) ? 'engine' : 'machine',
    phase: progress.current().phase,
    error: error instanceof Error ? error : new Error(String(error)),
    isProven: isOfEngine(error) || (error instanceof AppError && error.code === 'STT_TOOL_MISSING'),
  };
  return { kind: 'hand_back', reason: messageOf(error), trouble };
}

const isOfEngine = (error: unknown): boolean => error instanceof AppError && /^STT_(?:ENGINE|MODEL)/u.test(error.code);
