/**
 * The life of a task, as data: its states, the named transitions and the states each may start from. The stores build their
 * guards from this table, so a transition that is not here cannot happen. Pure: time and chance come in as arguments.
 */

export type TaskState =
  /** To be had. */
  | 'pending'
  /** A worker has it. */
  | 'leased'
  /** An attempt failed; it is offered again later. */
  | 'waiting'
  /** Its transcript lies beside the recording. */
  | 'done'
  /** As done, with nothing spoken in it. */
  | 'no_speech'
  /** Too many attempts failed; only a person or a new recording brings it back. */
  | 'dead';

export type FinishedState = Extract<TaskState, 'done' | 'no_speech'>;

/** Transition -> the states it may start from. */
export const startsFrom = {
  /** -> leased: a worker gets it. */
  grant: ['pending'],
  /** -> pending: the worker handed it back. */
  release: ['leased'],
  /** -> waiting or dead: the worker reported an error, or was not heard of for a whole term. */
  fail: ['leased'],
  /** -> pending: the time to wait is over. */
  wake: ['waiting'],
  /** -> done or no_speech: a transcript was stored. A late one is welcome as long as there is no other. */
  complete: ['pending', 'leased', 'waiting', 'dead'],
  /** -> done: a transcript that nobody delivered lies beside the recording. */
  find: ['pending', 'waiting', 'dead'],
  /** -> pending: the recording has other bytes than before. */
  replace: ['pending', 'waiting', 'dead'],
  /** -> pending: the transcript was taken away. */
  reopen: ['done', 'no_speech'],
  /** -> pending, no attempt counted: a person wants it tried again. */
  revive: ['waiting', 'dead'],
  /** -> dead: a person wants it tried no more. */
  cancel: ['pending', 'leased', 'waiting'],
  /** -> gone: a person wants its record forgotten. */
  purge: ['done', 'no_speech', 'dead'],
  /** The state stays: the recording cannot be offered now, so nobody is granted it. A worker that has it may finish it. */
  withhold: ['pending', 'waiting', 'dead'],
  /** The state stays: the recording can be offered again. */
  offer: ['pending', 'waiting', 'dead'],
  /** The state stays: another language is stated. */
  language: ['pending', 'waiting', 'dead'],
  /** -> gone: the recording itself is. A worker that has it may finish it. */
  remove: ['pending', 'waiting', 'dead'],
} as const satisfies Record<string, readonly TaskState[]>;

/** Transition -> the states it may lead to, where it changes the state. */
export const endsIn = {
  grant: ['leased'],
  release: ['pending'],
  fail: ['waiting', 'dead'],
  wake: ['pending'],
  complete: ['done', 'no_speech'],
  find: ['done'],
  replace: ['pending'],
  reopen: ['pending'],
  revive: ['pending'],
  cancel: ['dead'],
} as const satisfies Partial<Record<keyof typeof startsFrom, readonly TaskState[]>>;

export function isFinished(state: TaskState): state is FinishedState {
  return state === 'done' || state === 'no_speech';
}

const firstBackoffMs = 30_000;
export const longestBackoffMs = 3_600_000;

/**
 * How long to wait after the n-th failed attempt (n counts from 1): 30 s, doubled each time, at most an hour.
 * @param jitter 0 to 1: spreads the wait over its upper half, so that tasks that failed together do not come back together.
 */
export function backoffMs(attempts: number, jitter: number): number {
  const full = Math.min(firstBackoffMs * 2 ** (attempts - 1), longestBackoffMs);
  return Math.round((full / 2) * (1 + jitter));
}

/** What becomes of a task after an attempt that failed. Times in milliseconds since 1970. */
export type AfterFailure = { state: 'waiting'; availableAt: number } | { state: 'dead' };

export function afterFailure(attempt: {
  /** Counting the one that just failed. */
  attempts: number;
  maxAttempts: number;
  now: number;
  jitter: number;
}): AfterFailure {
  if (attempt.attempts >= attempt.maxAttempts) return { state: 'dead' };
  return { state: 'waiting', availableAt: attempt.now + backoffMs(attempt.attempts, attempt.jitter) };
}
