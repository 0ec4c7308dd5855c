/** `stt-server tasks show`: one task, and what happened to it. */
import { AppError } from '../../../src/app-error.ts';
import { exitCodes } from '../../../src/exit-codes.ts';
import { printable } from '../../../src/printable.ts';
import { databaseFlag, StoreCommand } from '../store-command.ts';
import { readTaskId, taskIdArgument } from './selection-flags.ts';

export class ShowTaskCommand extends StoreCommand {
  static override summary = 'Show one task: its state, its reason, and the workers that had it.';
  static override examples = [
    { description: 'Why is it dead?', command: '<%= config.bin %> tasks show 1742' },
    { description: 'For a script', command: '<%= config.bin %> tasks show 1742 --json' },
  ];
  static override args = { id: taskIdArgument };
  static override flags = { database: databaseFlag };

  async run(): Promise<object> {
    const { args, flags } = await this.parse(ShowTaskCommand);
    const id = readTaskId(args.id);
    using opened = await this.openStore(flags.database);
    const task = opened.store.show(id);
    if (task === undefined) {
      throw new AppError(`There is no task ${id}.`, {
        code: 'STT_TASK_UNKNOWN',
        hint: 'See `stt-server tasks list`.',
        exitCode: exitCodes.noInput,
      });
    }
    const { tableLines } = await import('../../../src/print-table.ts');
    const { shownTime } = await import('../shown-time.ts');
    const { writeTaskDetails } = await import('../../http/api-schemas.ts');
    this.log(printable(task.path));
    this.log(`  state      ${task.state}${task.isOffered ? '' : ' (withheld: its recording cannot be offered now)'}`);
    if (task.reason !== undefined) this.log(`  reason     ${printable(task.reason)}`);
    this.log(`  attempts   ${task.attempts}, granted ${task.epoch} times`);
    this.log(`  recording  ${task.sizeBytes} bytes, language ${printable(task.language)}`);
    this.log(`  made       ${shownTime(task.createdAt)}, last changed ${shownTime(task.changedAt)}`);
    if (task.state === 'waiting') this.log(`  again at   ${shownTime(task.availableAt)}`);
    const rows = task.leases.map((lease) => [
      shownTime(lease.grantedAt),
      shownTime(lease.endedAt),
      lease.worker ?? '-',
      lease.ip,
      lease.outcome ?? 'working',
      lease.reason ?? '',
    ]);
    if (rows.length > 0) this.log('');
    const headings = ['GRANTED', 'ENDED', 'WORKER', 'ADDRESS', 'OUTCOME', 'REASON'];
    for (const line of rows.length === 0 ? [] : tableLines(headings, rows, this.isForPeople)) this.log(line);
    return writeTaskDetails(task);
  }
}
