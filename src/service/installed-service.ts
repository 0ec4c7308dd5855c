/** What is there of a service of systemd: its unit and drop-ins, of ours and of others. Only looks. */
import { access, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { at, type Host } from './host.ts';
import { isSystemdHere, type UnitState, unitState, userUnitFolder } from './systemd-manager.ts';
import type { ServiceProgram, ServiceScope } from './service-program.ts';

/** Drop-ins that install-service makes. */
export const dropInNames = ['gpu.conf', 'library.conf', 'run-as.conf'] as const;
export type DropInName = (typeof dropInNames)[number];

export type InstalledService = {
  /** The manager can be asked. */
  isManaged: boolean;
  state: UnitState | undefined;
  unitFile: string;
  unitText: string | undefined;
  /** Somebody forbade it: its unit is a link to nowhere. */
  isMasked: boolean;
  /** A package brought a unit of that name. */
  packageUnit: string | undefined;
  dropInFolder: string;
  /** Texts of those whose names are ours. */
  dropIns: ReadonlyMap<DropInName, string>;
  otherDropIns: string[];
  /** Only of a service of the machine. */
  sysusersFile: string;
  sysusersText: string | undefined;
  hasPackageSysusers: boolean;
};

export async function lookAtInstalled(
  host: Host,
  program: ServiceProgram,
  scope: ServiceScope,
  signal: AbortSignal,
): Promise<InstalledService> {
  const unit = `${program.unit}.service`;
  const unitFile = path.join(await unitFolder(host, scope, signal), unit);
  const dropInFolder = `${unitFile}.d`;
  const names = await readdir(at(host, dropInFolder)).catch((): string[] => []);
  const texts = await Promise.all(
    dropInNames.map(async (name) => [name, await textOf(host, path.join(dropInFolder, name))] as const),
  );
  const sysusersFile = `/etc/sysusers.d/${program.unit}.conf`;
  const state = await unitState(host, scope, unit, signal);
  return {
    isManaged: (await isSystemdHere(host)) && state !== undefined,
    state,
    unitFile,
    unitText: await textOf(host, unitFile),
    isMasked: (await readlink(at(host, unitFile)).catch(() => '')) === '/dev/null',
    packageUnit: await firstThere(
      host,
      packageFolders[scope].map((folder) => path.join(folder, unit)),
    ),
    dropInFolder,
    dropIns: new Map(texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]))),
    otherDropIns: names.filter((name) => !dropInNames.some((ours) => ours === name)),
    sysusersFile,
    sysusersText: scope === 'system' ? await textOf(host, sysusersFile) : undefined,
    hasPackageSysusers: (await firstThere(host, [`/usr/lib/sysusers.d/${program.unit}.conf`])) !== undefined,
  };
}

const unitFolder = async (host: Host, scope: ServiceScope, signal: AbortSignal): Promise<string> =>
  scope === 'system' ? '/etc/systemd/system' : userUnitFolder(host, signal);

const packageFolders: Record<ServiceScope, readonly string[]> = {
  system: ['/usr/lib/systemd/system', '/lib/systemd/system'],
  user: ['/usr/lib/systemd/user', '/lib/systemd/user'],
};

/** @returns undefined where it is not there, or not for us to read. */
export async function textOf(host: Host, file: string): Promise<string | undefined> {
  return readFile(at(host, file), 'utf8').catch(() => undefined);
}

export async function isThere(host: Host, file: string): Promise<boolean> {
  try {
    await access(at(host, file));
    return true;
  } catch {
    return false;
  }
}

async function firstThere(host: Host, files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await isThere(host, file)) return file;
  return undefined;
}
