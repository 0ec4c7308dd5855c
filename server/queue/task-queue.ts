/**
 * What the server asks of the store of leases: who has which task, until when, and how it ended. Every verb is one transaction,
 * guarded by the lease's own id; a verb that was answered has been committed. It never looks at files.
 */
import type { Remote } from '../threads/calls.ts';
import type { AfterFailure, FinishedState, TaskState } from './task-state.ts';

/** Who asks. Protocol 1 is the ancestor, which cannot send heartbeats. */
export type Worker = {
  name: string | undefined;
  ip: string;
  protocol: 1 | 2;
  /** Of whose token it spoke with; undefined where nobody needs one. */
  credential: string | undefined;
};

export type LeaseRequest = {
  /** 128 fresh random bits in hex. */
  leaseId: string;
  worker: Worker;
  /** How long it lasts without a heartbeat. */
  termMs: number;
};

/** How a lease ended. */
export type LeaseOutcome =
  | 'delivered'
  | 'failed'
  | 'released'
  /** No heartbeat for a whole term. */
  | 'expired'
  /** Another lease delivered, or a file was there already. */
  | 'superseded'
  | 'recording_changed'
  /** A person took the task out of the queue. */
  | 'cancelled'
  /** The token of its worker was revoked. */
  | 'revoked';

/** Which lease is meant, and who says so. A lease that was granted to another credential counts as unknown. */
export type LeaseKey = { leaseId: string; credential: string | undefined };

export type Lease = LeaseKey & {
  worker: Worker;
  taskId: number;
  /** The recording, relative to the library, with `/`. */
  path: string;
  language: string;
  /** Of the recording when it was granted. */
  fingerprint: string;
  /** SHA-256 of the recording in hex, once somebody computed it for this fingerprint. */
  recordingSha256: string | undefined;
  /** How often the task has been granted; never starts anew. */
  epoch: number;
  termMs: number;
  /** Milliseconds since 1970. */
  grantedAt: number;
  /** Undefined while the lease lives. */
  outcome: LeaseOutcome | undefined;
  /** SHA-256 in hex of the transcript that was accepted under this lease. */
  transcriptSha256: string | undefined;
  taskState: TaskState;
  /** From a claim only: another recording of the same folder and stem that has a live lease now; its transcript has the same name. */
  rival?: string;
};

export type Expired = { lease: Lease; next: AfterFailure };

export type Swept = {
  expired: Expired[];
  /** Tasks that waited long enough. */
  woken: number;
  /** Live leases that got a whole term from now. */
  refreshed: number;
  /** Whether another process (a command, an operator) has changed the store since the last sweep. */
  isChangedFromOutside: boolean;
};

export type TaskQueueVerbs = {
  /** Grants the next pending task whose recording can be offered, in the order that was chosen. */
  claim(request: LeaseRequest, now: number): Lease | undefined;
  /** The lease with its task as it stands, ended or not. */
  find(key: LeaseKey): Lease | undefined;
  /** A fresh term from `now`. @returns false when the lease has ended or is not known. */
  renew(key: LeaseKey, now: number): boolean;
  /** Hands the task back, not counted. @returns false when the lease has ended or is not known. */
  release(
    key: LeaseKey,
    end: { outcome: 'released' | 'superseded' | 'recording_changed'; reason: string | undefined },
    now: number,
  ): boolean;
  /** Counts a failed attempt. @returns undefined when the lease has ended or is not known. */
  fail(key: LeaseKey, reason: string, now: number): AfterFailure | undefined;
  /** Finishes the task, also under a lease that was lost; other leases of it end. @returns false when it was not open any more. */
  complete(key: LeaseKey, result: { state: FinishedState; sha256: string }, now: number): boolean;
  /**
   * Ends the leases whose term is over, and wakes the tasks that waited long enough.
   * @param haveTermsToBeRefreshed after a restart, and where the clock jumped: nobody could send heartbeats, so every live lease
   * first gets a whole term from `now`, also one that was granted while the clock was ahead; no task waits longer than it may.
   */
  sweep(now: number, haveTermsToBeRefreshed: boolean): Swept;
};

export type TaskQueue = Remote<TaskQueueVerbs>;
