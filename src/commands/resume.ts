/** `stt resume`: the end of a pause. One call, print. */
import { dataPaths } from '../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, shortPath } from '../config/load-settings.ts';
import { describeTold } from '../worker/control/describe-told.ts';
import { resumeWorkers } from '../worker/control/pause-workers.ts';
import { BaseCommand } from './base-command.ts';

export class ResumeCommand extends BaseCommand {
  static override summary = 'End a pause: the workers that run here take tasks again.';
  static override description =
    'Exit codes: 0 done, or there was no pause; 74 the data folder cannot be written; 77 it belongs to another user.';
  static override enableJsonFlag = true;
  static override examples = [{ description: 'Go on', command: '<%= config.bin %> resume' }];

  async run(): Promise<object> {
    await this.parse(ResumeCommand);
    const paths = dataPaths(dataFolder(loadWorkerSettings()));
    const { wasPaused, ...told } = await resumeWorkers(paths);
    this.log(wasPaused ? 'The pause is over.' : 'There was no pause.');
    for (const line of describeTold(told, `No worker is running with the data folder ${shortPath(paths.folder)}.`))
      this.log(line);
    return { wasPaused, told: told.told.map(({ pid }) => pid), silent: told.silent.map(({ worker }) => worker.pid) };
  }
}
