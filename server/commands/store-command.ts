/**
 * What the commands share that look into the task database, beside a running server or without one: which file it is, and how a
 * selection of tasks is written. They open it, do one thing, and close it.
 */
import { Flags } from '@oclif/core';
import { AppError, messageOf } from '../../src/app-error.ts';
import { BaseCommand } from '../../src/commands/base-command.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import { isStoreTrouble } from '../queue/sqlite/store-trouble.ts';
import type { OpenStore } from './open-store.ts';

export const databaseFlag = Flags.string({
  helpValue: 'FILE',
  summary: 'The task database (DB_FILE). [default: server/tasks.sqlite in the data folder]',
});

export abstract class StoreCommand extends BaseCommand {
  static override enableJsonFlag = true;

  /** Loaded here, so that `--help` and a wrong flag need no database. @param isMade where none is there yet. */
  protected async openStore(database: string | undefined, isMade = false): Promise<OpenStore> {
    const { openStore } = await import('./open-store.ts');
    return openStore(database, isMade);
  }

  /** For standard output on a terminal; colours and headings stay out of pipes. */
  protected get isForPeople(): boolean {
    return process.stdout.isTTY && !this.jsonEnabled();
  }

  /** Locked for long by another program, or a full disk: no bug of ours. */
  protected override catch(error: Error): Promise<unknown> {
    if (!isStoreTrouble(error)) return super.catch(error);
    const told = new AppError(`The task database cannot be used now: ${messageOf(error)}.`, {
      code: 'STT_DATABASE_BUSY',
      hint: 'Try again. Where it stays so: is its disk full, or does another program keep it locked?',
      exitCode: exitCodes.temporary,
      cause: error,
    });
    return super.catch(told);
  }
}
