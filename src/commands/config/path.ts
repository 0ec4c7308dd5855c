/** `stt config path`: which file the settings of the worker are written to. Flags in, one call, print. */
import { workerEnvFile } from '../../config/load-settings.ts';
import { readEnvFile } from '../../config/read-env-file.ts';
import { BaseCommand } from '../base-command.ts';

export class ConfigPathCommand extends BaseCommand {
  static override summary = 'Print the path of the settings file of the worker.';
  static override description =
    'STT_ENV_FILE in the environment names another one. The file need not be there yet: "stt config set" makes it, readable for its owner only.';
  static override examples = [{ description: 'Look into it:', command: 'less "$(<%= config.bin %> config path)"' }];
  static override enableJsonFlag = true;

  override async run(): Promise<{ file: string; isThere: boolean }> {
    await this.parse(ConfigPathCommand);
    const file = workerEnvFile();
    this.log(file);
    return { file, isThere: readEnvFile(file).isThere };
  }
}
