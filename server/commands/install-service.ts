/** `stt-server install-service`: the server becomes a service. Flags in, one call, print. */
import path from 'node:path';
import { Flags } from '@oclif/core';
import {
  InstallCommand,
  installDescription,
  installFlags,
  settingsElsewhere,
  userDetails,
} from '../../src/commands/service/install-command.ts';
import { serverEnvFile, serverSources } from '../../src/config/load-settings.ts';
import { serverSettings } from '../../src/config/server-settings.ts';
import { carriedSettings, settingsFileOf } from '../../src/service/carried-settings.ts';
import type { InstallReport } from '../../src/service/install-on-systemd.ts';
import { scopeOf } from '../../src/service/install-wishes.ts';
import { serverProgram } from '../../src/service/service-program.ts';

export class InstallServerServiceCommand extends InstallCommand {
  static override summary = 'Make the server a service, which starts by itself.';
  static override description = `${installDescription}\n\nA service of the machine sees of its library what its unit names: a drop-in names the folder that AUDIO_DIR is, and waits until it is mounted. Do it again when AUDIO_DIR has changed.`;
  static override examples = [
    {
      description: 'Of the machine; and start it',
      command: 'sudo <%= config.bin %> install-service --library /srv/recordings --now',
    },
    {
      description: 'See every command and file first',
      command: '<%= config.bin %> install-service --system --dry-run',
    },
    {
      description: 'As the user to whom the recordings belong',
      command: 'sudo <%= config.bin %> install-service --library /home/ann/recordings --run-as ann',
    },
  ];
  static override flags = {
    library: Flags.string({
      helpValue: 'DIR',
      summary: 'The directory with the recordings; it is written into the settings (AUDIO_DIR).',
    }),
    ...installFlags,
  };
  protected readonly program = serverProgram;

  async run(): Promise<InstallReport> {
    const { flags } = await this.parse(InstallServerServiceCommand);
    const sources = serverSources();
    const target = this.targetOf(flags);
    const { host } = target;
    const scope = scopeOf(target);
    const carried = carriedSettings(scope, sources, ['AUDIO_DIR']);
    const firstSettings = Object.fromEntries(
      Object.entries(carried).map(([name, folder]) => [name, path.resolve(folder)]),
    );
    return this.install(flags, {
      library: flags.library,
      firstSettings,
      settingsElsewhere: settingsElsewhere(settingsFileOf(scope, host, serverEnvFile(), this.program), sources, {
        names: Object.values(serverSettings).map(({ env }) => env),
        carried: Object.keys(firstSettings),
      }),
      ...userDetails(serverEnvFile(), sources),
      findEngine: undefined,
    });
  }
}
