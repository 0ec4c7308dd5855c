/** `stt-server tasks cancel`: unfinished tasks are tried no more. */
import { ChangeTasksCommand, type Changed, changeFlags, tasks, yesFlag } from './change-command.ts';

export class CancelTasksCommand extends ChangeTasksCommand {
  static override summary = 'Take unfinished tasks out of the queue: they are dead until somebody retries them.';
  static override description =
    'A worker that has one of them hears it at its next heartbeat and drops it. The recordings stay as they are.';
  static override strict = false;
  static override usage =
    'tasks cancel [ID...] [--state <value>...] [--path TEXT] [--older-than-days DAYS] [--all] [--dry-run] [--yes]';
  static override examples = [
    { description: 'One task', command: '<%= config.bin %> tasks cancel 1742' },
    { description: 'How many would it be?', command: '<%= config.bin %> tasks cancel --path music/ --dry-run' },
    { description: 'A folder, without being asked', command: '<%= config.bin %> tasks cancel --path music/ --yes' },
  ];
  static override flags = { ...changeFlags, yes: yesFlag };

  async run(): Promise<Changed> {
    const { argv, flags } = await this.parse(CancelTasksCommand);
    return this.change({
      change: 'cancel',
      ids: argv as string[],
      flags,
      ask: flags.yes ? undefined : (count) => `Take ${tasks(count)} out of the queue?`,
      done: (count) => `${tasks(count)} taken out of the queue.`,
    });
  }
}
