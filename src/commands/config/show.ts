/** `stt config`: the effective settings, and where each comes from. Flags in, one call, print. */
import { Flags } from '@oclif/core';
import { effectiveSettings, type EffectiveSetting } from '../../config/effective-settings.ts';
import { settingsWarnings, shortPath, unknownIn, workerEnvFile, workerSources } from '../../config/load-settings.ts';
import { exitCodes } from '../../exit-codes.ts';
import { tableLines } from '../../print-table.ts';
import { furtherChecks } from '../../setup/configure/apply-settings.ts';
import { BaseCommand } from '../base-command.ts';

type Shown = { file: string; settings: object[]; problems: string[]; warnings: string[] };

export class ShowConfigCommand extends BaseCommand {
  static override aliases = ['config:show'];
  static override summary = 'Show the settings of the worker as they are in force, and where each comes from.';
  static override description = [
    'First counts the command line of `stt run`, then the environment, then secrets that systemd hands over as credentials (LoadCredential=), then .env in the working directory, then the settings file of the worker (see `stt config path`), then the default. Secrets are not shown; in a settings file that others may read they are ignored. In a pipe: name, value, where from, with tabs between.',
    'Exit codes: 0 done; 78 something is wrong with them: a worker would not start.',
  ].join('\n\n');
  static override examples = [
    { description: 'What is set:', command: '<%= config.bin %> config' },
    { description: 'The defaults as well:', command: '<%= config.bin %> config --all' },
  ];
  static override enableJsonFlag = true;
  static override flags = {
    all: Flags.boolean({ description: 'Show the defaults, too.' }),
  };

  override async run(): Promise<Shown> {
    const { flags } = await this.parse(ShowConfigCommand);
    const sources = workerSources();
    const effective = effectiveSettings(sources, furtherChecks);
    const shown = effective.settings.filter(({ from }) => flags.all || from !== 'default');
    const problems = [...effective.problems, ...unknownIn(sources).problems];
    const warnings = settingsWarnings();

    const rows = shown.map((setting) => [setting.name, setting.text, placesOf(setting)]);
    if (rows.length > 0) for (const line of tableLines(headings, rows, this.isForPeople)) this.log(line);
    const others = effective.settings.length - shown.length;
    if (others > 0) this.logToStderr(`${others} have their defaults; "stt config --all" shows them.`);
    for (const warning of warnings) this.logToStderr(warning);
    if (problems.length > 0) {
      this.logToStderr(['A worker would not start:', ...problems].join('\n  '));
      process.exitCode = exitCodes.config;
    }
    return { file: workerEnvFile(), settings: shown.map(forMachines), problems, warnings };
  }

  private get isForPeople(): boolean {
    return process.stdout.isTTY && !this.jsonEnabled();
  }
}

const headings = ['SETTING', 'VALUE', 'FROM'];

const forMachines = ({ name, value, from, alsoIn, problem }: EffectiveSetting): object => ({
  name,
  value,
  from,
  alsoIn,
  ...(problem === undefined ? {} : { problem }),
});

function placesOf({ from, alsoIn }: EffectiveSetting): string {
  const places = alsoIn.map(shortPath);
  return places.length === 0 ? shortPath(from) : `${shortPath(from)}, before ${places.join(' and ')}`;
}
