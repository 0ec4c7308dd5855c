/** `stt install-service`: the worker becomes a service. Flags in, one call, print. */
import path from 'node:path';
import { dataPaths } from '../config/data-paths.ts';
import { dataFolder, loadWorkerSettings, workerEnvFile, workerSources } from '../config/load-settings.ts';
import { readSettings } from '../config/parse-settings.ts';
import { readEnvFile } from '../config/read-env-file.ts';
import { workerSettings } from '../config/worker-settings.ts';
import { type EngineSettings, findEngine } from '../engine/find-engine.ts';
import { isEngineName } from '../config/unknown-settings.ts';
import { carriedSettings, settingsFileOf } from '../service/carried-settings.ts';
import type { InstallReport } from '../service/install-on-systemd.ts';
import { type EngineFound, scopeOf } from '../service/install-wishes.ts';
import { type ServiceScope, systemDataFolder, workerProgram } from '../service/service-program.ts';
import { shellEnvironment } from '../service/shell-environment.ts';
import {
  InstallCommand,
  installDescription,
  installFlags,
  settingsElsewhere,
  userDetails,
} from './service/install-command.ts';

export class InstallWorkerServiceCommand extends InstallCommand {
  static override summary = 'Make the worker a service, which starts by itself.';
  static override description = installDescription;
  static override examples = [
    { description: 'Of this user, without root; and start it', command: '<%= config.bin %> install-service --now' },
    { description: 'See every command and file first', command: '<%= config.bin %> install-service --dry-run' },
    {
      description: 'Of the machine; before it: sudo stt setup',
      command: 'sudo <%= config.bin %> install-service --now',
    },
  ];
  static override flags = installFlags;
  protected readonly program = workerProgram;

  async run(): Promise<InstallReport> {
    const { flags } = await this.parse(InstallWorkerServiceCommand);
    const sources = workerSources();
    const target = this.targetOf(flags);
    const { host } = target;
    const scope = scopeOf(target);
    const engineNames = sources.flatMap(({ record }) => Object.keys(record)).filter(isEngineName);
    const firstSettings = carriedSettings(scope, sources, ['SERVER_URL', ...engineNames]);
    const details = userDetails(workerEnvFile(), sources);
    const environment = sources.find(({ file }) => file === undefined)?.record ?? {};
    return this.install(flags, {
      library: undefined,
      firstSettings,
      settingsElsewhere: settingsElsewhere(settingsFileOf(scope, host, workerEnvFile(), this.program), sources, {
        names: [...Object.values(workerSettings).map(({ env }) => env), ...new Set(engineNames)],
        carried: Object.keys(firstSettings),
      }),
      ...details,
      userEnvironment: { ...details.userEnvironment, ...(await shellEnvironment(environment)) },
      findEngine: engineOf,
    });
  }
}

/** The engine that the service will find, by the settings that it will have. */
async function engineOf(scope: ServiceScope): Promise<EngineFound> {
  const settings: EngineSettings = scope === 'user' ? loadWorkerSettings() : machineSettings();
  const folder = scope === 'user' ? dataFolder(loadWorkerSettings()) : systemDataFolder;
  const { whisperCli, modelFile, vadModelFile, backend } = await findEngine(settings, dataPaths(folder));
  const files = [whisperCli, modelFile, vadModelFile].filter((file) => file !== undefined && path.isAbsolute(file));
  return { backend, files: files as string[] };
}

/** What is wrong in it the worker itself says when it starts. */
function machineSettings(): EngineSettings {
  try {
    return readSettings(workerSettings, readEnvFile(workerProgram.settingsFile).record).values;
  } catch {
    // It is root's to read, and this is a dry run of somebody else.
    return readSettings(workerSettings, {}).values;
  }
}
