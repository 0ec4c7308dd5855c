/** `stt drain`: the workers here finish what they have begun, and end. Flags in, one call, print. */
import { Flags } from '@oclif/core';
import { systemClock } from '../clock.ts';
import { dataPaths } from '../config/data-paths.ts';
import { dataFolder, loadWorkerSettings } from '../config/load-settings.ts';
import { drainWorkers } from '../worker/control/drain-workers.ts';
import { BaseCommand } from './base-command.ts';

export class DrainCommand extends BaseCommand {
  static override summary = 'Let the workers that run here finish what they have begun, and end.';
  static override description = [
    'A worker that drains takes no more tasks, finishes those in its slots however long they take, hands back those it had only prepared, delivers, and ends with exit code 0. A service that is always restarted is started anew by systemd then: stop it instead, or disable it first. A pause is shorter: `stt pause`.',
    'Exit codes: 0 they drain, or with --wait have ended; 69 no worker runs; 75 a worker did not answer; 77 the data folder belongs to another user.',
  ].join('\n\n');
  static override enableJsonFlag = true;
  static override examples = [
    { description: 'Before an update of the machine', command: '<%= config.bin %> drain --wait' },
  ];
  static override flags = {
    wait: Flags.boolean({ summary: 'Wait until they have ended.' }),
  };

  async run(): Promise<object> {
    const { flags } = await this.parse(DrainCommand);
    const paths = dataPaths(dataFolder(loadWorkerSettings()));
    const pids = await drainWorkers({
      paths,
      isAwaited: flags.wait,
      clock: systemClock,
      say: (line) => this.say(line),
    });
    return { drained: pids };
  }
}
