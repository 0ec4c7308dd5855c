/** The units and drop-ins of a service: the templates in `systemd/`, fitted to where this stt and this Node.js lie. Pure. */
import { execLine, plainText, unitWord, wordsOf } from './systemd-words.ts';
import { changeUnit, keepKeys, type KeyChanges, unitValues } from './unit-text.ts';

export type Program = { node: string; script: string };

/** @param readsHome what the service runs lies below /home, which the template hides. */
export function renderSystemUnit(template: string, program: Program, readsHome: boolean): string {
  return changeUnit(template, {
    Service: {
      ExecStart: withProgram(template, program),
      ...(readsHome ? { ProtectHome: 'read-only' } : {}),
    },
  });
}

/** @param environment what the service is told, since the manager of a user knows little of the user's own environment. */
export function renderUserUnit(
  template: string,
  program: Program,
  environment: Readonly<Record<string, string>>,
): string {
  return changeUnit(template, {
    Service: {
      ExecStart: withProgram(template, program),
      Environment: Object.entries(environment).map(([name, value]) => unitWord(`${name}=${value}`)),
    },
  });
}

/** What a unit tells its service. */
export const unitEnvironment = (unit: string): Record<string, string> =>
  environmentOf(unitValues(unit, 'Service', 'Environment'));

/** @param lines of `Environment=`, in the order in which systemd reads them: an empty one takes back those before it. */
export function environmentOf(lines: readonly string[]): Record<string, string> {
  const words = lines.slice(lines.lastIndexOf('') + 1).flatMap(wordsOf);
  const entries = words.map((word): [string, string] => {
    const [name = '', ...value] = word.split('=');
    return [name, value.join('=')];
  });
  return Object.fromEntries(entries);
}

/** For a program that comes with a unit for the machine alone. */
export function userTemplate(systemTemplate: string): string {
  const forUser = keepKeys(systemTemplate, (key, section) => userKeys[section]?.has(key) ?? false);
  return changeUnit(forUser, { Install: { WantedBy: 'default.target' } });
}

/** The rest is for the machine's manager: other users, folders of the system, and what only root may forbid. */
const userKeys: Readonly<Record<string, ReadonlySet<string>>> = {
  Unit: new Set(['Description', 'Documentation', 'StartLimitIntervalSec', 'StartLimitBurst']),
  Service: new Set(
    [
      'Type NotifyAccess ExecStart TimeoutStartSec WatchdogSec Restart RestartSec RestartPreventExitStatus',
      'KillMode TimeoutStopSec OOMPolicy Nice UMask LimitCORE SyslogIdentifier',
      'NoNewPrivileges LockPersonality RestrictNamespaces RestrictRealtime RestrictSUIDSGID RestrictAddressFamilies',
      'SystemCallArchitectures SystemCallFilter SystemCallErrorNumber',
    ].flatMap((names) => names.split(' ')),
  ),
  Install: new Set(['WantedBy']),
};

/** What the template has after its program stays. */
function withProgram(template: string, { node, script }: Program): string {
  const [line = ''] = unitValues(template, 'Service', 'ExecStart');
  const [, ...rest] = line.split(/\s+/u);
  return [execLine([node, script]), ...rest].join(' ');
}

/** @param groups of those that may use GPUs, what this machine has. */
export function renderGpuDropIn(
  template: string,
  groups: readonly string[],
  nvidiaModprobe: string | undefined,
): string {
  return changeUnit(template, {
    // The class of nvidia-uvm is known to the kernel once its module is there, and systemd looks up DeviceAllow= when it starts the service.
    ...(nvidiaModprobe === undefined
      ? {}
      : { Unit: { Wants: 'modprobe@nvidia_uvm.service', After: 'modprobe@nvidia_uvm.service' } }),
    Service: {
      ...(groups.length === 0 ? {} : { SupplementaryGroups: groups.join(' ') }),
      ...(nvidiaModprobe === undefined ? {} : { ExecStartPre: `+-${execLine([nvidiaModprobe, '-c=0', '-u'])}` }),
    },
  });
}

export type Account = { user: string; group: string };

/** @param settingsGroup the group that may read the settings, where that is not the user's own. */
export function renderRunAs({ user, group }: Account, settingsGroup: string | undefined): string {
  return section('Service', {
    User: plainText(user),
    Group: plainText(group),
    SupplementaryGroups: settingsGroup,
  });
}

export type LibraryPlace = {
  /** As the settings name it. */
  folder: string;
  /** Where it really lies. */
  realFolder: string;
  /** Folders that the settings have the server write besides, by the names they have and where they really lie. */
  written: readonly string[];
};

/** @param readsHome the unit shows /home already, since the program itself lies there. */
export function renderLibrary({ folder, realFolder, written }: LibraryPlace, readsHome: boolean): string {
  const folders = [...new Set([realFolder, folder, ...written])];
  const hidden = readsHome ? [] : folders.filter(isBelowHome);
  // Of a path with a quote in it systemd (257) cannot make a BindPaths=: then the homes are seen, and only read.
  const isBound = !hidden.some((name) => /["']/u.test(name));
  const shown = isBound ? folders.filter((name) => !hidden.includes(name)) : folders;
  const mounts = section('Unit', { RequiresMountsFor: folders.map(unitWord).join(' ') });
  const service = section('Service', {
    ReadWritePaths: optional(shown),
    // Of all homes the service sees these folders.
    ProtectHome: hidden.length === 0 ? undefined : isBound ? 'tmpfs' : 'read-only',
    BindPaths: isBound ? optional(hidden) : undefined,
  });
  return [mounts, service].join('\n');
}

/** One that is not there is for the server to speak of: systemd would only say that it cannot start it. */
const optional = (folders: readonly string[]): string | undefined =>
  folders.length === 0 ? undefined : folders.map((folder) => unitWord(`-${folder}`)).join(' ');

export const isBelow = (folder: string, file: string): boolean => file === folder || file.startsWith(`${folder}/`);
export const isBelowHome = (file: string): boolean => isBelow('/home', file);

function section(name: string, keys: KeyChanges): string {
  const lines = Object.entries(keys).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${String(value)}`],
  );
  return `[${name}]\n${lines.map((line) => `${line}\n`).join('')}`;
}
