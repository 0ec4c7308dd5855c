/**
 * What the server asks of the store of leases: who has which task, until when, and how it ended. Asynchronous, so that a store
 * may gather commits or live elsewhere. Every verb is one transaction, guarded by the lease's own id; it never looks at files.
 */
import type { AfterFailure, FinishedState, TaskState } from './task-state.ts';

/** Who asks. Protocol 1 is the ancestor, which cannot send heartbeats. */
export type Worker = { name: string | undefined; ip: string; protocol: 1 | 2 };

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
  | 'recording_changed';

export type Lease = {
  leaseId: string;
  worker: Worker;
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
  /** Undefined while the lease lives. */
  outcome: LeaseOutcome | undefined;
  /** SHA-256 in hex of the transcript that was accepted under this lease. */
  transcriptSha256: string | undefined;
  taskState: TaskState;
};

export type Expired = { lease: Lease; next: AfterFailure };

export type TaskQueue = {
  /** Grants the oldest pending task whose recording can be offered. */
  claim(request: LeaseRequest, now: number): Promise<Lease | undefined>;
  /** The lease with its task as it stands, ended or not. */
  find(leaseId: string): Promise<Lease | undefined>;
  /** A fresh term from `now`. @returns false when the lease has ended. */
  renew(leaseId: string, now: number): Promise<boolean>;
  /** Hands the task back, not counted. @returns false when the lease has ended. */
  release(leaseId: string, reason: string | undefined, now: number): Promise<boolean>;
  /** Counts a failed attempt. @returns undefined when the lease has ended. */
  fail(leaseId: string, reason: string, now: number): Promise<AfterFailure | undefined>;
  /** Finishes the task, also under a lease that was lost; other leases of it end. @returns false when it was not open any more. */
  complete(leaseId: string, result: { state: FinishedState; sha256: string }, now: number): Promise<boolean>;
  /** Ends the lease: somebody's own transcript lies beside the recording, so the task is done without this one. */
  yieldToFile(leaseId: string, now: number): Promise<void>;
  /** Ends the lease because its recording has other bytes now; the task is pending with the new ones. */
  replaceRecording(leaseId: string, fingerprint: string, now: number): Promise<void>;
  rememberDigest(lease: Lease, sha256: string): Promise<void>;
  /** Ends the leases whose term is over, and wakes the tasks that waited long enough. */
  sweep(now: number): Promise<{ expired: Expired[]; woken: number }>;
  /**
   * After a restart, and where the clock jumped: nobody could send heartbeats, so every live lease gets a whole term from `now`,
   * also one that was granted while the clock was ahead.
   */
  refreshTerms(now: number): Promise<number>;
};
