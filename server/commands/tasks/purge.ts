/** `stt-server tasks purge`: what the database knows of finished and dead tasks is forgotten. */
import { ChangeTasksCommand, type Changed, changeFlags, tasks, yesFlag } from './change-command.ts';

export class PurgeTasksCommand extends ChangeTasksCommand {
  static override summary = 'Forget finished and dead tasks, with their history.';
  static override description =
    'No file is touched. A recording that still lies in the library without a transcript is a new task at the next scan.';
  static override strict = false;
  static override usage =
    'tasks purge [ID...] [--state <value>...] [--path TEXT] [--older-than-days DAYS] [--all] [--dry-run] [--yes]';
  static override examples = [
    {
      description: 'What was finished long ago',
      command: '<%= config.bin %> tasks purge --state done --state no_speech --older-than-days 365',
    },
    { description: 'How many would it be?', command: '<%= config.bin %> tasks purge --all --dry-run' },
  ];
  static override flags = { ...changeFlags, yes: yesFlag };

  async run(): Promise<Changed> {
    const { argv, flags } = await this.parse(PurgeTasksCommand);
    return this.change({
      change: 'purge',
      ids: argv as string[],
      flags,
      ask: flags.yes ? undefined : (count) => `Forget ${tasks(count)}, with their history?`,
      done: (count) => `${tasks(count)} forgotten.`,
    });
  }
}
