/** `stt status`: what the workers of this machine are doing. Flags in, one call, print. */
import { styleText } from 'node:util';
import { Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { type DataPaths, dataPaths } from '../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, shortPath } from '../config/load-settings.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { describeStatus, describeUntil } from '../worker/control/describe-status.ts';
import { explainForbidden } from '../worker/control/explain-forbidden.ts';
import { clearScreen, fitScreen } from '../worker/control/fit-screen.ts';
import { isWell, lookAtWorkers, type WorkersSeen } from '../worker/control/look-at-workers.ts';
import type { WorkerStatus } from '../worker/control/worker-status.ts';
import { BaseCommand } from './base-command.ts';

export class StatusCommand extends BaseCommand {
  static override summary = 'Show what the workers that run here are doing.';
  static override description = [
    'For each worker of this data folder: whether it works and if not why, its slots with phase, percent, speed and time left, what is prepared ahead, the outbox, the server, the last error, and what it has done since its start.',
    'With --json an array on standard output, one object a worker, times in UTC; with --watch one such array a line, every second.',
    'Exit codes: 0 at least one worker runs, and all of them are well (also paused, or outside working hours); 69 none runs; 75 a worker is broken, or does not answer; 77 the data folder belongs to another user.',
  ].join('\n\n');
  static override enableJsonFlag = true;
  static override examples = [
    { description: 'How far is it?', command: '<%= config.bin %> status' },
    { description: 'Look on, until Ctrl-C', command: '<%= config.bin %> status --watch' },
    {
      description: 'What a service does',
      command: 'sudo -u stt env STT_DATA_DIR=/var/lib/stt <%= config.bin %> status',
    },
    { description: 'For a script', command: '<%= config.bin %> status --json' },
  ];
  static override flags = {
    watch: Flags.boolean({ char: 'w', summary: 'Show it again and again, until Ctrl-C.' }),
    every: Flags.integer({
      helpValue: 'SECONDS',
      min: 1,
      max: 86_400,
      dependsOn: ['watch'],
      summary: 'Pause between two looks. [default: 1; 10 where text goes into a pipe]',
    }),
  };

  async run(): Promise<readonly WorkerStatus[]> {
    const { flags } = await this.parse(StatusCommand);
    const paths = dataPaths(dataFolder(loadWorkerSettings()));
    if (flags.watch) return this.watch(paths, flags.every);
    const seen = await this.look(paths);
    for (const line of this.linesOf(seen, paths)) this.log(line);
    process.exitCode = exitCodeOf(seen);
    return seen.workers;
  }

  private look(paths: DataPaths): Promise<WorkersSeen> {
    return explainForbidden(paths.folder, 'stt status', () => lookAtWorkers(paths, systemClock.now()));
  }

  /** Until Ctrl-C ends the process, or the reader of the pipe leaves. */
  private async watch(paths: DataPaths, every: number | undefined): Promise<never[]> {
    const isLive = process.stdout.isTTY && !this.jsonEnabled();
    const everyMs = (every ?? (isLive || this.jsonEnabled() ? 1 : 10)) * 1000;
    const reader = new AbortController();
    process.stdout.once('error', () => reader.abort());
    if (isLive) process.stdout.write(clearScreen);
    while (!reader.signal.aborted) {
      const seen = await this.look(paths);
      if (this.jsonEnabled()) process.stdout.write(`${JSON.stringify(seen.workers)}\n`);
      else if (isLive) process.stdout.write(fitScreen(this.linesOf(seen, paths), terminalSize()));
      else for (const line of [...this.linesOf(seen, paths), '']) this.log(line);
      await systemClock.sleep(everyMs, reader.signal);
    }
    return [];
  }

  private linesOf(seen: WorkersSeen, paths: DataPaths): string[] {
    const { workers, silent, pause, outbox } = seen;
    const blocks = workers.map((status) => {
      const [first = '', ...rest] = describeStatus(status);
      return [styleText('bold', first), ...rest];
    });
    for (const { worker, reason } of silent) {
      blocks.push([`A worker (pid ${worker.pid}) does not answer: ${printable(reason)}.`]);
    }
    if (blocks.length > 0) return blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]));
    const lines = [`No worker is running with the data folder ${shortPath(paths.folder)}.`];
    if (pause !== undefined)
      lines.push(`A pause is in force ${describeUntil(pause.untilMs)}: the next one starts paused.`);
    const { waiting, refused } = outbox;
    if (waiting > 0) lines.push(`In the outbox ${letters(waiting)} to be delivered; the next one does it.`);
    if (refused > 0)
      lines.push(`In the outbox the server refused ${letters(refused)}; kept in ${shortPath(paths.outbox)}.`);
    return lines;
  }
}

const letters = (count: number): string =>
  count === 1 ? '1 transcript or report' : `${count} transcripts and reports`;

function exitCodeOf(seen: WorkersSeen): ExitCode {
  if (seen.workers.length + seen.silent.length === 0) return exitCodes.unavailable;
  return isWell(seen) ? exitCodes.ok : exitCodes.temporary;
}

/** Some terminals do not know their size. */
const terminalSize = (): { columns: number; rows: number } => ({
  columns: process.stdout.columns || 80,
  rows: process.stdout.rows || 24,
});
