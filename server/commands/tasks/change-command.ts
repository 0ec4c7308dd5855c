/** What retry, cancel and purge share: choose, count, ask where it matters, do it in steps, say how many it were. */
import { Flags } from '@oclif/core';
import { AppError } from '../../../src/app-error.ts';
import { systemClock } from '../../../src/clock.ts';
import { exitCodes } from '../../../src/exit-codes.ts';
import type { TaskSelection } from '../../queue/task-desk.ts';
import type { Change } from '../../tasks/change-many.ts';
import { databaseFlag, StoreCommand } from '../store-command.ts';
import { selectionFlags, type SelectionFlags, selectionOf } from './selection-flags.ts';

export const changeFlags = {
  ...selectionFlags,
  'dry-run': Flags.boolean({ summary: 'Only say how many tasks it would be.' }),
  database: databaseFlag,
};
export const yesFlag = Flags.boolean({ summary: 'Do not ask, also for more than one task.' });

export type Changed = { count: number; dry_run: boolean };

type Wanted = {
  change: Change;
  ids: readonly string[];
  flags: SelectionFlags & { 'dry-run': boolean; database: string | undefined };
  /** Undefined where nobody is asked. */
  ask?: ((count: number) => string) | undefined;
  done: (count: number) => string;
};

export abstract class ChangeTasksCommand extends StoreCommand {
  protected async change({ change, ids, flags, ask, done }: Wanted): Promise<Changed> {
    const now = systemClock.now();
    const selection: TaskSelection = selectionOf(ids, flags, now);
    const { changeMany, countChange } = await import('../../tasks/change-many.ts');
    using opened = await this.openStore(flags.database);
    const count = await countChange(opened.store, change, selection);
    if (flags['dry-run']) {
      this.log(`It would be ${tasks(count)}.`);
      return { count, dry_run: true };
    }
    if (ask !== undefined && count > 1 && process.stdin.isTTY && process.stderr.isTTY) {
      const { confirm } = await import('../confirm.ts');
      if (!(await confirm(ask(count)))) {
        throw new AppError('Nothing was changed.', { code: 'STT_INTERRUPTED', exitCode: exitCodes.interrupted });
      }
    }
    const changed = await changeMany(opened.store, change, { selection, now });
    this.log(done(changed));
    return { count: changed, dry_run: false };
  }
}

export function tasks(count: number): string {
  return count === 1 ? '1 task' : `${count} tasks`;
}
