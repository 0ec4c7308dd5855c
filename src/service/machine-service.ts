/** A service of the machine: what has to be there before it can start, its user, its settings, and the texts of its units. Only looks. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Backend } from '../backend.ts';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { changeEnvText, parseEnvText } from '../config/env-file.ts';
import { at, type Host } from './host.ts';
import { askAccount, mayUser, runAsOf } from './account.ts';
import { type InstalledService, isThere, textOf } from './installed-service.ts';
import { type EngineFound, type InstallWishes, withSudo } from './install-wishes.ts';
import { findLibrary, type Library } from './library-of-server.ts';
import { canBeRead } from './readable-by-service.ts';
import { isBelowHome, renderGpuDropIn, renderLibrary, renderRunAs, renderSystemUnit } from './render-unit.ts';
import type { WantedTexts } from './planned-units.ts';
import { labelProgram, type Selinux } from './selinux.ts';
import { systemDataFolder } from './service-program.ts';
import { hasProgram, run, type Step, tryProgram } from './service-steps.ts';

export type MachinePlan = {
  /** What keeps it from starting. */
  problems: AppError[];
  texts: WantedTexts;
  /** Before its units are written. */
  prepare: Step[];
  /** The program that SELinux has a rule for now. */
  labelled: string | undefined;
  user: string;
  group: string;
  /** The program's own user is there. */
  hasUser: boolean;
  /** systemd can make it. */
  canSysusers: boolean;
  library: Library | undefined;
};

/** @param node this Node.js, where it really lies. */
export async function planMachineService(
  wishes: InstallWishes,
  there: InstalledService,
  { selinux, node }: { selinux: Selinux; node: string },
): Promise<MachinePlan> {
  const { program, host, signal } = wishes;
  const problems: AppError[] = [];
  const note = (error: unknown): undefined => {
    if (!(error instanceof AppError)) throw error;
    problems.push(error);
  };
  const user = wishes.runAs ?? runAsOf(there.dropIns.get('run-as.conf')) ?? program.unit;
  const isOwnUser = user === program.unit;
  const account = isOwnUser ? undefined : await askAccount(user, signal).catch(note);
  const engine = await findEngine(wishes).catch(note);
  const library = program.kind === 'server' ? await findLibrary(wishes).catch(note) : undefined;

  // What a package brought lies where everybody may read it.
  const own =
    there.packageUnit === undefined ? [host.node, host.script, path.join(host.packageFolder, 'package.json')] : [];
  const read: string[] = [];
  for (const file of [...own, ...(engine?.files ?? [])]) {
    const realFile = await canBeRead({ host, program, user, isOwnUser, file, signal }).catch(note);
    if (realFile !== undefined) read.push(realFile);
  }
  const readsHome = read.some(isBelowHome);
  const labelling = there.packageUnit === undefined ? labelProgram(selinux, node) : { steps: [], labelled: undefined };
  if (labelling.problem !== undefined) problems.push(labelling.problem);
  const hasUser = (await tryProgram('id', ['-u', program.unit], signal))?.exitCode === 0;
  const canSysusers = await hasProgram('systemd-sysusers', signal, host);
  const dropIns: WantedTexts['dropIns'] = {};
  if (engine !== undefined) dropIns['gpu.conf'] = await gpuDropIn(wishes, engine.backend);
  if (library !== undefined) dropIns['library.conf'] = renderLibrary(library, readsHome);
  if (wishes.runAs !== undefined && isOwnUser) dropIns['run-as.conf'] = null;
  else if (account !== undefined) dropIns['run-as.conf'] = renderRunAs(account, settingsGroup(wishes));

  return {
    problems,
    texts: {
      unit: renderSystemUnit(await template(wishes, `${program.unit}.service`), host, readsHome),
      dropIns,
      sysusers: canSysusers ? await sysusersText(wishes, there) : undefined,
    },
    prepare: [...(await settingsSteps(wishes, hasUser)), ...labelling.steps],
    canSysusers,
    hasUser,
    labelled: labelling.labelled,
    user,
    group: account?.group ?? user,
    library,
  };
}

/** Of the package, below `systemd/`. */
export const template = ({ host }: Pick<InstallWishes, 'host'>, name: string): Promise<string> =>
  readFile(at(host, path.join(host.packageFolder, 'systemd', name)), 'utf8');

/** The server's settings are for its own group to read, whoever it runs as. The worker is given them by systemd. */
const settingsGroup = ({ program }: InstallWishes): string | undefined =>
  program.kind === 'server' ? program.unit : undefined;

async function findEngine(wishes: InstallWishes): Promise<EngineFound | undefined> {
  try {
    return await wishes.findEngine?.('system');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { host } = wishes;
    throw new AppError(error.message, {
      code: 'STT_SERVICE_ENGINE',
      hint: `The worker of the machine has its own, in ${systemDataFolder}: ${withSudo({ host, argv: [] }, 'setup').replace(' --system', '')}`,
      exitCode: exitCodes.config,
      cause: error,
    });
  }
}

const gpuBackends: ReadonlySet<Backend | undefined> = new Set<Backend>(['cuda', 'vulkan', 'openvino']);

async function gpuDropIn(wishes: InstallWishes, backend: Backend | undefined): Promise<string | null> {
  if (!gpuBackends.has(backend)) return null;
  const { host } = wishes;
  const known = new Set(((await textOf(host, '/etc/group')) ?? '').split('\n').map((line) => line.split(':')[0]));
  const modprobe = '/usr/bin/nvidia-modprobe';
  return renderGpuDropIn(
    await template(wishes, 'gpu.conf'),
    ['video', 'render'].filter((group) => known.has(group)),
    backend === 'cuda' && (await isThere(host, modprobe)) ? modprobe : undefined,
  );
}

async function sysusersText(wishes: InstallWishes, there: InstalledService): Promise<string | undefined> {
  if (there.hasPackageSysusers) return undefined;
  return template(wishes, `${wishes.program.unit}.sysusers.conf`);
}

/** Makes the user, of the file of sysusers; where systemd has no such program, by hand. */
export function userSteps({ program }: InstallWishes, sysusersFile: string | undefined): Step[] {
  if (sysusersFile !== undefined) return [run('systemd-sysusers', sysusersFile)];
  const home = `${systemDataFolder}/${program.kind}`;
  const flags = ['--system', '--user-group', '--home-dir', home, '--no-create-home', '--shell', '/usr/sbin/nologin'];
  return [run('useradd', ...flags, program.unit)];
}

async function settingsSteps(wishes: InstallWishes, hasUser: boolean): Promise<Step[]> {
  const { program, host, library } = wishes;
  const file = program.settingsFile;
  const folders = ['/etc/stt', systemDataFolder];
  const missing = await Promise.all(folders.map(async (folder) => !(await isThere(host, folder))));
  const text = await textOf(host, file);
  const isNew = text === undefined && !(await isThere(host, file));
  const isOther = library !== undefined && parseEnvText(text ?? '')['AUDIO_DIR'] !== library;
  const mode = program.kind === 'server' ? 0o640 : 0o600;
  const isWrong = isNew || isOther || !(await isGuarded(wishes, hasUser));
  return [
    ...folders.filter((_, index) => missing[index]).map((folder): Step => ({ do: 'folder', folder, mode: 0o755 })),
    ...(isNew ? [{ do: 'create', file, text: firstSettingsText(wishes), mode } as const] : []),
    ...(isOther ? [{ do: 'setting', file, name: 'AUDIO_DIR', value: library } as const] : []),
    ...(isWrong ? guardSteps(wishes, mode, isNew) : []),
  ];
}

/** What is made has the worker's mode already. */
function guardSteps({ program }: InstallWishes, mode: number, isNew: boolean): Step[] {
  const file = program.settingsFile;
  const restrict = run('chmod', `0${mode.toString(8)}`, file);
  if (program.kind === 'server') return [run('chgrp', program.unit, file), restrict];
  return isNew ? [] : [restrict];
}

/**
 * The server reads its settings by its group, whatever it runs as; the worker's hold secrets, and are for root alone, who hands them to
 * the service. Nobody else may write either.
 */
async function isGuarded({ program, host, signal }: InstallWishes, hasUser: boolean): Promise<boolean> {
  const found = await stat(at(host, program.settingsFile)).catch(() => undefined);
  // Not for us to look at: this is a dry run of somebody else.
  if (found === undefined) return true;
  if (program.kind === 'worker') return (found.mode & 0o077) === 0;
  if ((found.mode & 0o022) !== 0) return false;
  const mayRead =
    host.uid === 0 ? await mayUser(program.unit, 'r', at(host, program.settingsFile), signal, host) : undefined;
  if (mayRead !== undefined) return mayRead;
  if ((found.mode & 0o004) !== 0) return true;
  // Nobody can try it yet, as that user.
  const group = await groupId(host, program.unit);
  // One that is there and stands elsewhere than in the file, as in a directory of users, we know nothing of.
  const isOurs = group === undefined ? hasUser : group === String(found.gid);
  return (found.mode & 0o040) !== 0 && isOurs;
}

async function groupId(host: Host, name: string): Promise<string | undefined> {
  const lines = ((await textOf(host, '/etc/group')) ?? '').split('\n').map((line) => line.split(':'));
  return lines.find(([group]) => group === name)?.[2];
}

const examples = {
  worker: '# SERVER_URL=http://server:8000\n# STT_TOKEN=\n',
  server: '# AUDIO_DIR=/srv/recordings\n# HOST=0.0.0.0\n# PORT=8000\n',
};

export function firstSettingsText({ program, firstSettings }: InstallWishes): string {
  const show = program.kind === 'worker' ? '"stt config" shows them, "stt config set NAME=VALUE" changes them. ' : '';
  const text = `# ${program.title}, read when it starts. ${show}All there are: .env.example.\n${examples[program.kind]}`;
  return changeEnvText(text, firstSettings);
}
