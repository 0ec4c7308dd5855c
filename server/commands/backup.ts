/** `stt-server backup`: a copy of the task database, whole in itself, while the server runs. */
import path from 'node:path';
import { Args, Flags } from '@oclif/core';
import { databaseFlag, StoreCommand } from './store-command.ts';

export class BackupCommand extends StoreCommand {
  static override summary = 'Copy the task database to a file, also while the server runs.';
  static override description =
    'The copy is checked before it takes its name. To restore it: stop the server, put the copy in the place of the database, start the server. Transcripts lie in the library, not in here: what was finished since the backup is recognised by them.';
  static override examples = [
    { description: 'Every night', command: '<%= config.bin %> backup /backup/tasks.sqlite --force' },
  ];
  static override args = { file: Args.string({ required: true, description: 'Where the copy goes.' }) };
  static override flags = {
    force: Flags.boolean({ summary: 'Replace the file where there is one.' }),
    database: databaseFlag,
  };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(BackupCommand);
    const { databaseFile, requireDatabase } = await import('./open-store.ts');
    const { file } = databaseFile(flags.database);
    requireDatabase(file);
    const { backupStore } = await import('../queue/sqlite/backup-store.ts');
    const { startProgress } = await import('../../src/progress.ts');
    const target = path.resolve(args.file);
    {
      using bar = startProgress('backup');
      await backupStore(file, target, { force: flags.force, onProgress: (fraction) => bar.update(fraction) });
    }
    this.log(target);
    return { file: target };
  }
}
