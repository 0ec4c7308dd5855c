/** How tasks are chosen on the command line. Every condition must hold; none at all is refused, `--all` says that all are meant. */
import { Args, Flags } from '@oclif/core';
import { AppError } from '../../../src/app-error.ts';
import { exitCodes } from '../../../src/exit-codes.ts';
import type { TaskSelection } from '../../queue/task-desk.ts';
import { startsFrom, type TaskState } from '../../queue/task-state.ts';

const states = [...new Set(Object.values(startsFrom).flat())] as TaskState[];

export const taskIdArgument = Args.string({
  required: true,
  description: 'The id of a task, as `tasks list` shows it.',
});

export const stateFlag = Flags.option({
  options: states,
  multiple: true,
  summary: 'Only tasks in this state; may be given more than once.',
})();

export const pathFlag = Flags.string({ helpValue: 'TEXT', summary: 'Only tasks whose path contains this.' });

export const selectionFlags = {
  state: stateFlag,
  path: pathFlag,
  'older-than-days': Flags.integer({
    helpValue: 'DAYS',
    min: 0,
    summary: 'Only tasks that last changed so many days ago, or longer.',
  }),
  all: Flags.boolean({ summary: 'All tasks that this can be done to.' }),
};

export type SelectionFlags = {
  state: TaskState[] | undefined;
  path: string | undefined;
  'older-than-days': number | undefined;
  all: boolean;
};

const dayMs = 86_400_000;

/** @param ids from the command line, as they were written. */
export function selectionOf(ids: readonly string[], flags: SelectionFlags, now: number): TaskSelection {
  const { state, path, 'older-than-days': days, all } = flags;
  const isEmpty = ids.length === 0 && state === undefined && path === undefined && days === undefined;
  if (isEmpty && !all) {
    throw usage(
      'No tasks are chosen.',
      'Name their ids, or choose by --state, --path, --older-than-days, or take --all.',
    );
  }
  if (all && !isEmpty) throw usage('--all cannot go together with a choice.', 'Leave one of them out.');
  return {
    taskIds: ids.length === 0 ? undefined : ids.map(readTaskId),
    states: state,
    pathPart: path,
    changedBefore: days === undefined ? undefined : now - days * dayMs,
  };
}

export function readTaskId(written: string): number {
  if (!/^[1-9]\d{0,14}$/u.test(written))
    throw usage(`"${written}" is no id of a task.`, 'See `stt-server tasks list`.');
  return Number(written);
}

function usage(message: string, hint: string): AppError {
  return new AppError(message, { code: 'STT_USAGE', hint, exitCode: exitCodes.usage });
}
