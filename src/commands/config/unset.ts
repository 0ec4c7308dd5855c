/** `stt config unset`: takes settings out of the worker's settings file. Flags in, one call, print. */
import { Args, Flags } from '@oclif/core';
import { workerEnvFile } from '../../config/load-settings.ts';
import { type AppliedSettings, applySettings } from '../../setup/configure/apply-settings.ts';
import { describeApplied } from '../../setup/configure/configure-worker.ts';
import { BaseCommand } from '../base-command.ts';

export class UnsetConfigCommand extends BaseCommand {
  static override summary = 'Take settings out of the settings file of the worker; their defaults are in force again.';
  static override description = [
    'Comments and all other lines stay as they are. What stands there may go, also a name that is no setting.',
    'Exit codes: 0 done, also where it was not there; 74 or 77 the file cannot be written; 75 another process is changing it all the time; 78 it cannot be read, or that is no setting.',
  ].join('\n\n');
  static override examples = [
    { description: 'Work at all hours again:', command: '<%= config.bin %> config unset CRON PROCESSING_HOURS' },
  ];
  static override enableJsonFlag = true;
  static override strict = false;
  static override args = { name: Args.string({ required: true, description: 'The names of the settings.' }) };
  static override flags = {
    'dry-run': Flags.boolean({ description: 'Say what would go, and write nothing.' }),
  };

  override async run(): Promise<AppliedSettings> {
    const { argv, flags } = await this.parse(UnsetConfigCommand);
    const changes = Object.fromEntries(argv.map((name) => [String(name), undefined]));
    const applied = await applySettings(workerEnvFile(), changes, flags['dry-run']);
    for (const line of describeApplied(applied, flags['dry-run'])) this.say(line);
    return applied;
  }
}
