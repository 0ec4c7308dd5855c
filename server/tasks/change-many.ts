/**
 * What a person does to many tasks at once: try them again, take them out of the queue, forget them. Step by step, so that a
 * million tasks never hold the store up for longer than a few hundred do. Which states a change may start from, the table of
 * transitions says.
 */
import type { TaskDeskVerbs, TaskSelection } from '../queue/task-desk.ts';
import { startsFrom, type TaskState } from '../queue/task-state.ts';

export const changes = ['retry', 'cancel', 'purge'] as const;
export type Change = (typeof changes)[number];

const transition = { retry: 'revive', cancel: 'cancel', purge: 'purge' } as const;
const stepTasks = 500;

type Verb = 'list' | 'count' | Change;
/** A desk in this thread, or in another one. */
export type AnyDesk = {
  readonly [K in Verb]: (
    ...args: Parameters<TaskDeskVerbs[K]>
  ) => ReturnType<TaskDeskVerbs[K]> | Promise<ReturnType<TaskDeskVerbs[K]>>;
};

export const noCondition = 'Say which tasks: without a condition nothing is changed.';

/** Whether a selection has no condition, and so would be all tasks. */
export function isEverything({ taskIds, states, pathPart, changedBefore }: TaskSelection): boolean {
  return taskIds === undefined && states === undefined && pathPart === undefined && changedBefore === undefined;
}

/** How many tasks of the selection a change would take. */
export async function countChange(desk: AnyDesk, change: Change, selection: TaskSelection): Promise<number> {
  const open = narrowed(change, selection);
  return open === undefined ? 0 : desk.count(open);
}

/** @param onStep hears how many tasks were looked at so far. @returns how many were changed. */
export async function changeMany(
  desk: AnyDesk,
  change: Change,
  { selection, now, onStep }: { selection: TaskSelection; now: number; onStep?: (tasks: number) => void },
): Promise<number> {
  const open = narrowed(change, selection);
  if (open === undefined) return 0;
  let changed = 0;
  let looked = 0;
  for (let after = 0; ;) {
    const tasks = await desk.list(open, { after, limit: stepTasks });
    const last = tasks.at(-1);
    if (last === undefined) return changed;
    after = last.taskId;
    looked += tasks.length;
    // With its conditions: what has changed meanwhile stays as it is.
    const step = { ...open, taskIds: tasks.map(({ taskId }) => taskId) };
    changed += await (change === 'purge' ? desk.purge(step) : desk[change](step, now));
    onStep?.(looked);
  }
}

/** The selection without the states that the change cannot start from; undefined where none is left. */
function narrowed(change: Change, selection: TaskSelection): TaskSelection | undefined {
  const may: readonly TaskState[] = startsFrom[transition[change]];
  const states = (selection.states ?? may).filter((state) => may.includes(state));
  return states.length === 0 || selection.taskIds?.length === 0 ? undefined : { ...selection, states };
}
