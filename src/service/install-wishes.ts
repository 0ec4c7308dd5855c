/** What a person asks of install-service and uninstall-service, and what these need of the outside. */
import type { Backend } from '../backend.ts';
import { AppError } from '../app-error.ts';
import { commandLine } from '../command-line.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Host } from './host.ts';
import type { ServiceProgram, ServiceScope } from './service-program.ts';

export type ServiceWishes = {
  program: ServiceProgram;
  host: Host;
  /** Undefined: of the machine for root, else of the user. */
  scope: ServiceScope | undefined;
  say: (line: string) => void;
  signal: AbortSignal;
};

export type ChangeWishes = ServiceWishes & {
  isDryRun: boolean;
  isForced: boolean;
  confirm: ((question: string) => Promise<boolean>) | undefined;
  /** As it was typed, for the command that would do it. */
  argv: readonly string[];
};

export type EngineFound = {
  /** Undefined: nobody knows, it is an engine of the user's own. */
  backend: Backend | undefined;
  /** What the service has to read. */
  files: readonly string[];
};

export type InstallWishes = ChangeWishes & {
  isStarted: boolean;
  /** The user that a service of the machine runs as; undefined: its own, or as it was. */
  runAs: string | undefined;
  /** For the settings of the server. */
  library: string | undefined;
  /** What a settings file that is made has in it. */
  firstSettings: Readonly<Record<string, string>>;
  /** Where the settings of a service of the user stand. */
  userSettingsFile: string;
  /** What a service of the user is told by its environment. */
  userEnvironment: Readonly<Record<string, string>>;
  /** What to say of settings that the service will not see; undefined: there are none. */
  settingsElsewhere: string | undefined;
  /** Throws where there is no engine or no model; undefined: the service needs none. */
  findEngine: ((scope: ServiceScope) => Promise<EngineFound>) | undefined;
};

export const scopeOf = ({ scope, host }: Pick<ServiceWishes, 'scope' | 'host'>): ServiceScope =>
  scope ?? (host.uid === 0 ? 'system' : 'user');

/** The same command with sudo, which has a PATH of its own: programs are named by their whole path. */
export function withSudo({ host, argv }: Pick<ChangeWishes, 'host' | 'argv'>, command: string): string {
  const flags = argv.filter((flag) => flag !== '--system');
  return commandLine(['sudo', host.node, host.script, ...command.split(' '), '--system', ...flags]);
}

export function needsRoot(wishes: Pick<ChangeWishes, 'host' | 'argv'>, command: string, otherwise: string): AppError {
  return new AppError('A service of the machine is for root to change.', {
    code: 'STT_NOT_ROOT',
    hint: `${withSudo(wishes, command)}${otherwise === '' ? '' : `\n  ${otherwise}`}`,
    exitCode: exitCodes.noPermission,
  });
}

export function notHere(what: string): AppError {
  return new AppError(`${what} are made for systemd (Linux) and launchd (macOS), and this is neither.`, {
    code: 'STT_NO_SERVICES',
    hint: 'On Windows have the Task Scheduler start the program at log on: stt run, stt-server.',
    exitCode: exitCodes.unavailable,
  });
}
