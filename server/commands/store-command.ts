/**
 * What the commands share that look into the task database, beside a running server or without one: which file it is, and how a
 * selection of tasks is written. They open it, do one thing, and close it.
 */
import { Flags } from '@oclif/core';
import { BaseCommand } from '../../src/commands/base-command.ts';
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
}
