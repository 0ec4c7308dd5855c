/** `stt-server tasks list`: which tasks there are. */
import { Flags } from '@oclif/core';
import { databaseFlag, StoreCommand } from '../store-command.ts';
import { pathFlag, stateFlag } from './selection-flags.ts';

export class ListTasksCommand extends StoreCommand {
  static override summary = 'List tasks: state, attempts, path, and why the last attempt failed.';
  static override description =
    'Reads the task database, whether the server runs or not. In a pipe: id, state, attempts, path, reason, with tabs between.';
  static override examples = [
    { description: 'What needs a look', command: '<%= config.bin %> tasks list --state dead --state waiting' },
    { description: 'One folder, for a script', command: '<%= config.bin %> tasks list --path 2024/ --json' },
  ];
  static override flags = {
    state: stateFlag,
    path: pathFlag,
    limit: Flags.integer({ min: 1, max: 1_000_000, default: 100, summary: 'So many at most.' }),
    after: Flags.integer({ min: 0, default: 0, helpValue: 'ID', summary: 'Only those after this id: the next page.' }),
    database: databaseFlag,
  };

  async run(): Promise<object> {
    const { flags } = await this.parse(ListTasksCommand);
    using opened = await this.openStore(flags.database);
    const { tableLines } = await import('../../../src/print-table.ts');
    const { writeTask } = await import('../../http/api-schemas.ts');
    const selection = { states: flags.state, pathPart: flags.path };
    const found = opened.store.list(selection, { after: flags.after, limit: flags.limit + 1 });
    const tasks = found.slice(0, flags.limit);
    const next = found.length > tasks.length ? (tasks.at(-1)?.taskId ?? null) : null;

    const rows = tasks.map((task) => [
      String(task.taskId),
      task.isOffered ? task.state : `${task.state} (withheld)`,
      String(task.attempts),
      task.path,
      task.reason ?? '',
    ]);
    const lines = tableLines(['ID', 'STATE', 'ATTEMPTS', 'PATH', 'REASON'], rows, this.isForPeople);
    for (const line of lines) this.log(line);
    if (next !== null) this.logToStderr(`There are more: --after ${next}`);
    else if (tasks.length === 0) this.logToStderr('There are no such tasks.');
    return { tasks: tasks.map(writeTask), next };
  }
}
