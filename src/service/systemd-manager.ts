/** What systemd says of a service: of the machine's manager, or of this user's. Only asks. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { at, type Host } from './host.ts';
import type { ServiceScope } from './service-program.ts';
import { tryProgram } from './service-steps.ts';

export const systemctl = (scope: ServiceScope, ...args: string[]): string[] => [
  'systemctl',
  ...(scope === 'user' ? ['--user'] : []),
  ...args,
];

export type UnitState = {
  /** `loaded`, `not-found`, `masked`. */
  load: string;
  /** `active`, `inactive`, `failed`, `activating`. */
  active: string;
  /** `running`, `dead`, `auto-restart`. */
  sub: string;
  /** `enabled`, `disabled`; empty where there is no unit. */
  file: string;
  result: string;
  /** What the service itself says. */
  statusText: string;
  pid: number | undefined;
  since: string;
  restarts: number;
  /** The exit status of its last end. */
  exitStatus: number;
  /** The unit in force. */
  path: string;
  dropIns: string[];
  /** Its files were changed since systemd read them. */
  needsReload: boolean;
};

const properties = {
  load: 'LoadState',
  active: 'ActiveState',
  sub: 'SubState',
  file: 'UnitFileState',
  result: 'Result',
  statusText: 'StatusText',
  pid: 'MainPID',
  since: 'ActiveEnterTimestamp',
  restarts: 'NRestarts',
  exitStatus: 'ExecMainStatus',
  path: 'FragmentPath',
  dropIns: 'DropInPaths',
  needsReload: 'NeedDaemonReload',
} as const;

export function parseUnitState(shown: string): UnitState {
  const values = new Map(
    shown.split('\n').map((line): [string, string] => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=').trim()];
    }),
  );
  const of = (key: keyof typeof properties): string => printable(values.get(properties[key]) ?? '');
  const pid = Number(of('pid'));
  return {
    load: of('load'),
    active: of('active'),
    sub: of('sub'),
    file: of('file'),
    result: of('result'),
    statusText: of('statusText'),
    pid: pid > 0 ? pid : undefined,
    since: of('since'),
    restarts: Number(of('restarts')) || 0,
    exitStatus: Number(of('exitStatus')) || 0,
    path: values.get(properties.path) ?? '',
    dropIns: (values.get(properties.dropIns) ?? '').split(' ').filter((file) => file !== ''),
    needsReload: of('needsReload') === 'yes',
  };
}

/** @returns undefined where that manager cannot be asked. */
export async function unitState(
  host: Host,
  scope: ServiceScope,
  unit: string,
  signal: AbortSignal,
): Promise<UnitState | undefined> {
  if (!(await isSystemdHere(host))) return undefined;
  const [file = '', ...args] = systemctl(scope, 'show', unit, `--property=${Object.values(properties).join(',')}`);
  const end = await tryProgram(file, args, signal, { env: await managerEnvironment(host) });
  signal.throwIfAborted();
  return end?.exitCode === 0 ? parseUnitState(end.stdout) : undefined;
}

/**
 * Where the user's own units lie for the manager that reads them. It need not have the XDG_CONFIG_HOME of the shell, nor has it for itself
 * what it tells services (`show-environment`): the folders themselves are asked for.
 */
export async function userUnitFolder(host: Host, signal: AbortSignal): Promise<string> {
  const usual = path.join(host.configHome, 'systemd', 'user');
  if (!(await isSystemdHere(host))) return usual;
  const [file = '', ...args] = systemctl('user', 'show', '--property=UnitPath', '--value');
  const end = await tryProgram(file, args, signal, { env: await managerEnvironment(host) });
  signal.throwIfAborted();
  const folders = listed(end?.exitCode === 0 ? end.stdout : '').filter((folder) => isOwnFolder.test(folder));
  return folders.includes(usual) ? usual : (folders[0] ?? usual);
}

/** One with a blank in it stands in quotes. */
const listed = (text: string): string[] =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/gu)].map(([word, quoted]) => quoted?.replaceAll(/\\(.)/gu, '$1') ?? word);

/** Those of the machine and of what is made at run time are listed as well. */
const isOwnFolder = /^\/(?!(?:etc|run|usr|lib)\/).*\/systemd\/user$/u;

export const isSystemdHere = (host: Host): Promise<boolean> => isThere(at(host, '/run/systemd/system'));

/** With `su` nobody says where the user's manager is; its place is always the same. */
export async function managerEnvironment(host: Host): Promise<Record<string, string>> {
  const folder = at(host, `/run/user/${host.uid}`);
  return host.uid !== 0 && (await isThere(folder)) ? { XDG_RUNTIME_DIR: folder } : {};
}

export function noSystemd(): AppError {
  return new AppError('systemd does not run here, as in a container: there is nobody who would start a service.', {
    code: 'STT_NO_SYSTEMD',
    hint: 'Start the program by whatever runs here ("stt run", "stt-server"), or use the container image of stt.',
    exitCode: exitCodes.unavailable,
  });
}

export function noUserManager({ userName }: Host): AppError {
  return new AppError(
    `The systemd of ${userName} does not answer: it runs while ${userName} is logged in, and "su" and "sudo" are no logins.`,
    {
      code: 'STT_NO_USER_MANAGER',
      hint: `Log in as ${userName} (ssh ${userName}@localhost, or machinectl shell ${userName}@), or have it run always: sudo loginctl enable-linger ${userName}`,
      exitCode: exitCodes.unavailable,
    },
  );
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
