/** What a person asks of the store: which tasks there are, what happened to one, and to have some tried again, or not any more. */
import type { Remote } from '../threads/calls.ts';
import type { LeaseOutcome } from './task-queue.ts';
import type { TaskState } from './task-state.ts';

/** Every condition that is given must hold. */
export type TaskSelection = {
  taskIds?: readonly number[] | undefined;
  states?: readonly TaskState[] | undefined;
  /** The path contains this, whatever the case. */
  pathPart?: string | undefined;
  /** The task last changed before this, milliseconds since 1970. */
  changedBefore?: number | undefined;
};

export type TaskSummary = {
  taskId: number;
  path: string;
  state: TaskState;
  language: string;
  sizeBytes: number;
  attempts: number;
  /** Grants in all. */
  epoch: number;
  /** Why the last attempt failed, or why nobody gets it. */
  reason: string | undefined;
  /** False while its recording is there but cannot be offered. */
  isOffered: boolean;
  /** Milliseconds since 1970, as all times here. */
  createdAt: number;
  changedAt: number;
  /** When a waiting task is offered again. */
  availableAt: number | undefined;
};

/** One grant of the task. The lease's id is a secret of its worker and not told. */
export type PastLease = {
  epoch: number;
  worker: string | undefined;
  ip: string;
  grantedAt: number;
  /** Undefined while it lives. */
  endedAt: number | undefined;
  outcome: LeaseOutcome | undefined;
  reason: string | undefined;
};

export type TaskDetails = TaskSummary & {
  /** The newest first; old ones are forgotten after `longestHistory`. */
  leases: PastLease[];
};

export type QueueFigures = {
  tasks: Record<TaskState, number>;
  liveLeases: number;
  /** When the oldest pending task was made; undefined where none is pending. */
  oldestPendingAt: number | undefined;
};

/** So many leases of a task are remembered. */
export const longestHistory = 20;

export type TaskDeskVerbs = {
  /** By task id, from the first one after `after`; no more than `limit`. */
  list(selection: TaskSelection, page: { after: number; limit: number }): TaskSummary[];
  show(taskId: number): TaskDetails | undefined;
  /** How many tasks a selection has. */
  count(selection: TaskSelection): number;
  /** Dead and waiting tasks become pending, with no attempt counted. @returns how many did. */
  retry(selection: TaskSelection, now: number): number;
  /** Unfinished tasks become dead; a worker that has one hears it at its next heartbeat. @returns how many did. */
  cancel(selection: TaskSelection, now: number): number;
  /** Forgets finished and dead tasks. A recording without a transcript is a new task at the next scan. @returns how many. */
  purge(selection: TaskSelection): number;
  /** Answered at once, however many tasks there are. */
  figures(): QueueFigures;
};

export type TaskDesk = Remote<TaskDeskVerbs>;
