/** `install-service` of both programs. Flags in, one call, print. */
import path from 'node:path';
import { Flags } from '@oclif/core';
import { dataFolder, type SettingSource } from '../../config/load-settings.ts';
import { readEnvFile } from '../../config/read-env-file.ts';
import type { InstallReport } from '../../service/install-on-systemd.ts';
import type { InstallWishes } from '../../service/install-wishes.ts';
import { givenIn } from '../../service/carried-settings.ts';
import { serviceVerbs } from '../../service/service-by-platform.ts';
import { changeFlags, ServiceVerbCommand } from './service-verb-command.ts';

export const installFlags = {
  now: Flags.boolean({ summary: 'Start it as well, and wait until it is ready; start it anew where it was changed.' }),
  ...changeFlags,
  force: Flags.boolean({
    summary:
      'Overwrite what somebody changed, without a question, and install also where a check says that it cannot start.',
  }),
  'run-as': Flags.string({
    summary: 'The user that a service of the machine runs as. [default: one of its own]',
    helpValue: 'USER',
  }),
};

export const installDescription = [
  'A service of the machine (--system, which root makes) starts with the machine and runs as a user of its own; its settings stand in /etc/stt, its data in /var/lib/stt. One of a user (--user) has the settings and the data of that user, and needs no root; lingering is enabled, so that it runs without a login.',
  'The unit names this stt and this Node.js by their whole paths. Done again it does only what is missing, and renews a unit of an older version. A unit that somebody changed is not overwritten without a question, and the difference is shown; one that a package brought stays in force. On macOS it is a property list for launchd.',
  'Exit codes: 0 done; 2 somebody changed the unit, and nobody could be asked; 69 no systemd, or the service did not start; 77 it takes root; 78 something is missing that it needs to start.',
].join('\n\n');

/** What the programs differ in. */
export type InstallDetails = Pick<
  InstallWishes,
  'library' | 'firstSettings' | 'settingsElsewhere' | 'userSettingsFile' | 'userEnvironment' | 'findEngine'
>;

/** Of the environment and `.env`, which a service does not have: what its own file says otherwise, or not at all. Names, no values. */
export function settingsElsewhere(
  file: string,
  sources: readonly SettingSource[],
  { names, carried }: { names: readonly string[]; carried: readonly string[] },
): string | undefined {
  const own = readEnvFile(file);
  const stray = names.filter((name) => {
    const value = givenIn(sources, name);
    const isHandled = name === 'STT_DATA_DIR' || (!own.isThere && carried.includes(name));
    return value !== undefined && value !== own.record[name]?.trim() && !isHandled;
  });
  // The login puts a USERNAME there as well.
  const meant = stray.filter((name) => name !== 'USERNAME' || stray.includes('PASSWORD'));
  if (meant.length === 0) return undefined;
  return `The service will not see what stands in the environment or in .env here: ${meant.join(', ')}. Its own settings stand in ${file}.`;
}

/** A service of the user is told where the settings and the data are: systemd and launchd know nothing of XDG_CONFIG_HOME. */
export function userDetails(
  file: string,
  sources: readonly SettingSource[],
): Pick<InstallDetails, 'userSettingsFile' | 'userEnvironment'> {
  // What stands in the file itself may be changed there.
  const isInFile = readEnvFile(file).record['STT_DATA_DIR'] !== undefined;
  const folder = dataFolder({ dataDir: givenIn(sources, 'STT_DATA_DIR') });
  return {
    userSettingsFile: file,
    userEnvironment: { STT_ENV_FILE: file, ...(isInFile ? {} : { STT_DATA_DIR: folder }) },
  };
}

type InstallFlagValues = {
  now: boolean;
  system: boolean;
  user: boolean;
  'dry-run': boolean;
  yes: boolean;
  force: boolean;
  'run-as': string | undefined;
};

export abstract class InstallCommand extends ServiceVerbCommand {
  static override enableJsonFlag = true;

  protected async install(flags: InstallFlagValues, details: InstallDetails): Promise<InstallReport> {
    const report = await this.withWishes(flags, (wishes) =>
      serviceVerbs(wishes.host.platform).install({
        ...wishes,
        ...this.changeOf(flags),
        ...details,
        isStarted: flags.now,
        runAs: flags['run-as'],
        library: details.library === undefined ? undefined : path.resolve(details.library),
      }),
    );
    return this.showSteps(report);
  }
}
