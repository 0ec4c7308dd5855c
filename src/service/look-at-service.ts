/** `service status`, `logs` and `restart` where systemd runs: which service is meant, and what there is to tell of it. */
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { runChild } from '../run-child.ts';
import { commandLine } from '../command-line.ts';
import { textOf } from './installed-service.ts';
import { type ServiceWishes, withSudo } from './install-wishes.ts';
import { readSeal } from './sealed-text.ts';
import type { ServiceScope } from './service-program.ts';
import { run, runSteps } from './service-steps.ts';
import { journalctl, startService } from './start-service.ts';
import {
  isSystemdHere,
  managerEnvironment,
  noSystemd,
  systemctl,
  type UnitState,
  unitState,
} from './systemd-manager.ts';

export type ServiceStatus = {
  unit: string;
  scope: ServiceScope;
  isInstalled: boolean;
  isActive: boolean;
  /** `active (running)`, `failed (exit-code)`. */
  state: string;
  startsByItself: boolean;
  /** What it says of itself. */
  says: string | undefined;
  pid: number | undefined;
  since: string | undefined;
  restarts: number;
  file: string | undefined;
  dropIns: string[];
  /** The version that made the unit; undefined: it was not made by install-service. */
  madeBy: string | undefined;
};

/** The one that was named; else root's is the machine's, and a user's is their own where they have one. */
export async function findService(wishes: ServiceWishes): Promise<{ scope: ServiceScope; state: UnitState }> {
  const { program, host, scope, signal } = wishes;
  if (!(await isSystemdHere(host))) throw noSystemd();
  const scopes: ServiceScope[] = scope === undefined ? (host.uid === 0 ? ['system'] : ['user', 'system']) : [scope];
  for (const candidate of scopes) {
    const state = await unitState(host, candidate, `${program.unit}.service`, signal);
    if (state !== undefined && state.load !== 'not-found') return { scope: candidate, state };
  }
  throw notInstalled(wishes);
}

export function notInstalled({ program, scope, host }: ServiceWishes): AppError {
  const where = scope === undefined ? '' : scope === 'system' ? ' of this machine' : ` of ${host.userName}`;
  return new AppError(`No service ${program.unit}${where} is installed.`, {
    code: 'STT_NO_SERVICE',
    hint: `Make one: ${program.bin} install-service${scope === 'user' ? ' --user' : ''} --now`,
    exitCode: exitCodes.unavailable,
  });
}

export async function serviceStatus(wishes: ServiceWishes): Promise<ServiceStatus> {
  const { scope, state } = await findService(wishes);
  const { program, host } = wishes;
  const seal = readSeal((await textOf(host, state.path)) ?? '');
  const isActive = state.active === 'active';
  return {
    unit: `${program.unit}.service`,
    scope,
    isInstalled: true,
    isActive,
    state: `${state.active} (${state.active === 'failed' ? state.result : state.sub})`,
    startsByItself: state.file === 'enabled',
    says: state.statusText === '' ? undefined : state.statusText,
    pid: state.pid,
    since: state.since === '' || !isActive ? undefined : state.since,
    restarts: state.restarts,
    file: state.path === '' ? undefined : state.path,
    dropIns: state.dropIns,
    madeBy: seal?.version,
  };
}

export function describeServiceStatus(status: ServiceStatus, bin: string): string[] {
  const { unit, scope, state, since, pid, says, restarts, startsByItself, file, madeBy, dropIns, isActive } = status;
  const own = scope === 'user' ? ' (user)' : '';
  const when = [...(since === undefined ? [] : [`since ${since}`]), ...(pid === undefined ? [] : [`pid ${pid}`])];
  const made = madeBy === undefined ? '' : `, made by stt ${madeBy}`;
  const rows: [string, string | undefined][] = [
    ['Says', says],
    ['Restarts', restarts === 0 ? undefined : `${restarts} since it was last started by hand`],
    ['By itself', startsByItself ? 'yes, it is enabled' : 'no, it is not enabled'],
    ['Unit', file === undefined ? undefined : `${file}${made}`],
    ['Drop-ins', dropIns.length === 0 ? undefined : dropIns.join(', ')],
    ['Why', isActive ? undefined : `${bin} service logs`],
  ];
  return [
    `${unit}${own} is ${[state, ...when].join(', ')}`,
    ...rows.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(9)}  ${value}`])),
  ];
}

export type LogWishes = ServiceWishes & { isFollowed: boolean; lines: number; since: string | undefined };

/** The journal shows itself on our output, until its end or ours. */
export async function showServiceLogs(wishes: LogWishes): Promise<void> {
  const { program, host, signal } = wishes;
  const { scope } = await findService(wishes);
  const command = journalctl(scope, `${program.unit}.service`, ...logFlags(wishes));
  await show(command, signal, await managerEnvironment(host));
}

const logFlags = ({ lines, since, isFollowed }: LogWishes): string[] => [
  `--lines=${lines}`,
  ...(since === undefined ? [] : [`--since=${since}`]),
  ...(isFollowed ? ['--follow'] : []),
];

/** @throws AppError where it ends by itself, and not well. */
export async function show(
  command: readonly string[],
  signal: AbortSignal,
  env: Record<string, string> = {},
): Promise<void> {
  const [file = '', ...args] = command;
  const end = await runChild({ file, args, env, signal, output: 'inherit', diesWithParent: true });
  // A reader that left, as with `| head`, is no failure.
  if (signal.aborted || end.exitCode === 0 || end.signalName === 'SIGPIPE') return;
  throw new AppError(`${commandLine(command)} failed.`, {
    code: 'STT_SERVICE_LOGS',
    hint: 'Its own words are above.',
    exitCode: exitCodes.unavailable,
  });
}

export async function restartService(wishes: ServiceWishes): Promise<{ unit: string; scope: ServiceScope }> {
  const { program, host, signal, say } = wishes;
  const { scope, state } = await findService(wishes);
  if (scope === 'system' && host.uid !== 0) {
    throw new AppError(`${program.unit} is a service of the machine: root restarts it.`, {
      code: 'STT_NOT_ROOT',
      hint: withSudo({ host, argv: [] }, 'service restart'),
      exitCode: exitCodes.noPermission,
    });
  }
  const unit = `${program.unit}.service`;
  say(`${unit} is started anew; what it has in hand it finishes or hands back first.`);
  if (state.needsReload) {
    await runSteps([run(...systemctl(scope, 'daemon-reload'))], { ...wishes, env: await managerEnvironment(host) });
  }
  await startService({ host, program, scope, signal }, 'restart');
  say(`${unit} runs.`);
  return { unit, scope };
}
