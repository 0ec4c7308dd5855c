/** What the server answers instead of doing what was asked: a code of the wire, and what was wrong in words for a person. */
import type { ProblemCode } from '../../src/protocol/problem.ts';

export type Refusal = { kind: 'refused'; code: ProblemCode; detail: string };

export function refuse(code: ProblemCode, detail: string): Refusal {
  return { kind: 'refused', code, detail };
}

/** Done, or done before: the answer to a repeated request is the same. */
export type Accepted = { kind: 'accepted' };

export const accepted: Accepted = { kind: 'accepted' };
export const unknownTask = refuse('unknown_task', 'There is no task with this id.');
export const leaseLost = refuse('lease_lost', 'The lease of this task has ended; drop the work.');
