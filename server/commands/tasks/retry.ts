/** `stt-server tasks retry`: dead and waiting tasks are offered again. */
import { ChangeTasksCommand, type Changed, changeFlags, tasks } from './change-command.ts';

export class RetryTasksCommand extends ChangeTasksCommand {
  static override summary = 'Offer dead and waiting tasks again, with no attempt counted.';
  static override description = 'A running server notices within seconds.';
  static override strict = false;
  static override usage =
    'tasks retry [ID...] [--state <value>...] [--path TEXT] [--older-than-days DAYS] [--all] [--dry-run]';
  static override examples = [
    { description: 'Two tasks', command: '<%= config.bin %> tasks retry 1742 1743' },
    {
      description: 'Everything dead, after the worker was mended',
      command: '<%= config.bin %> tasks retry --state dead',
    },
  ];
  static override flags = changeFlags;

  async run(): Promise<Changed> {
    const { argv, flags } = await this.parse(RetryTasksCommand);
    return this.change({
      change: 'retry',
      ids: argv as string[],
      flags,
      done: (count) => `${tasks(count)} will be tried again.`,
    });
  }
}
