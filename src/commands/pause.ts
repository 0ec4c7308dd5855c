/** `stt pause`: the workers here take no tasks for a while. Flags in, one call, print. */
import { Flags } from '@oclif/core';
import { AppError, messageOf } from '../app-error.ts';
import { systemClock } from '../clock.ts';
import { dataPaths } from '../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, shortPath } from '../config/load-settings.ts';
import { exitCodes } from '../exit-codes.ts';
import { describeTold } from '../worker/control/describe-told.ts';
import { describeUntil } from '../worker/control/describe-status.ts';
import { pauseWorkers } from '../worker/control/pause-workers.ts';
import { parseDuration } from '../worker/control/parse-duration.ts';
import { BaseCommand } from './base-command.ts';

export class PauseCommand extends BaseCommand {
  static override summary = 'Let the workers that run here take no tasks for a while.';
  static override description = [
    'Tasks that will be done within STT_GRACE_MINUTES are finished, others are handed back to the server at once. Transcripts are still delivered. A pause lasts until its time is over or until `stt resume`, also over a restart of the worker or of the machine; where no worker runs, the next one starts paused. Every worker of this data folder is paused.',
    'Exit codes: 0 done; 2 a wrong length of time; 74 the data folder cannot be written; 77 it belongs to another user.',
  ].join('\n\n');
  static override enableJsonFlag = true;
  static override examples = [
    { description: 'For a game', command: '<%= config.bin %> pause --for 2h' },
    { description: 'Until further notice', command: '<%= config.bin %> pause' },
    { description: 'The GPU is needed in this moment', command: '<%= config.bin %> pause --now --for 30m' },
    {
      description: 'The workers of a service',
      command: 'sudo -u stt env STT_DATA_DIR=/var/lib/stt <%= config.bin %> pause',
    },
  ];
  static override flags = {
    for: Flags.string({
      helpValue: 'TIME',
      summary: 'How long: 90s, 30m, 2h, 1d, 1h30m; at most 30d. [default: until `stt resume`]',
    }),
    now: Flags.boolean({ default: false, summary: 'Hand running tasks back at once, whatever is left of them.' }),
  };

  async run(): Promise<object> {
    const { flags } = await this.parse(PauseCommand);
    const forMs = flags.for === undefined ? undefined : readDuration(flags.for);
    const paths = dataPaths(dataFolder(loadWorkerSettings()));
    const request = { forMs, isAtOnce: flags.now };
    const { pause, ...told } = await pauseWorkers(paths, request, systemClock.now());
    this.log(`Paused ${describeUntil(pause.untilMs)}.`);
    const later = `No worker is running with the data folder ${shortPath(paths.folder)}; the next one starts paused.`;
    for (const line of describeTold(told, later)) this.log(line);
    return {
      until: pause.untilMs === undefined ? null : new Date(pause.untilMs).toISOString(),
      told: told.told.map(({ pid }) => pid),
      silent: told.silent.map(({ worker }) => worker.pid),
    };
  }
}

function readDuration(written: string): number {
  try {
    return parseDuration(written);
  } catch (error) {
    throw new AppError(`--for: ${messageOf(error)}.`, {
      code: 'STT_USAGE',
      hint: 'See stt pause --help.',
      exitCode: exitCodes.usage,
    });
  }
}
