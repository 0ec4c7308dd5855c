/** Starts a service of systemd, waits until it is ready, and tells what its journal says where it does not become so. */
import { AppError } from '../app-error.ts';
import { systemClock } from '../clock.ts';
import { commandLine } from '../command-line.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import type { Host } from './host.ts';
import type { ServiceProgram, ServiceScope } from './service-program.ts';
import { tryProgram } from './service-steps.ts';
import { managerEnvironment, systemctl, type UnitState, unitState } from './systemd-manager.ts';

export type Start = 'start' | 'restart';

/** @returns undefined where there is nothing to do. */
export function startNeeded(state: UnitState | undefined, isChanged: boolean): Start | undefined {
  const isUp = ['active', 'activating', 'reloading'].includes(state?.active ?? '');
  if (!isUp) return 'start';
  // Between two tries it is on its way as well.
  return isChanged || state?.active !== 'active' ? 'restart' : undefined;
}

/** After as many failures as the unit allows, it would not be started again. */
export const resetCommand = (scope: ServiceScope, unit: string): string[] => systemctl(scope, 'reset-failed', unit);

const tryArgv = ([file = '', ...args]: readonly string[], signal: AbortSignal, env: Record<string, string>) =>
  tryProgram(file, args, signal, { env });

export type StartRequest = { host: Host; program: ServiceProgram; scope: ServiceScope; signal: AbortSignal };

/** @throws AppError STT_SERVICE_FAILED with the last lines of its journal. */
export async function startService({ host, program, scope, signal }: StartRequest, start: Start): Promise<void> {
  const unit = `${program.unit}.service`;
  const env = await managerEnvironment(host);
  const sinceSeconds = Math.floor(systemClock.now() / 1000);
  // Where it has not failed there is nothing to reset, and that may be an error.
  await tryArgv(resetCommand(scope, unit), signal, env);
  const command = systemctl(scope, start, unit);
  const end = await tryArgv(command, signal, env);
  signal.throwIfAborted();
  const state = await unitState(host, scope, unit, signal);
  if (end?.exitCode === 0 && ['active', 'activating', 'reloading'].includes(state?.active ?? 'active')) return;
  const flags = [`--since=@${sinceSeconds}`, '--quiet', '--lines=15', '--output=cat'];
  const journal = await tryArgv(journalctl(scope, unit, ...flags), signal, env);
  const said = end?.outputTail.split('\n')[0] ?? 'there is no such program';
  throw serviceFailed(program, `${commandLine(command)}: ${said}`, state, linesOf(journal?.stdout ?? ''));
}

export const journalctl = (scope: ServiceScope, unit: string, ...args: string[]): string[] => [
  'journalctl',
  ...(scope === 'user' ? ['--user'] : []),
  `--unit=${unit}`,
  '--no-pager',
  ...args,
];

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(printable);

function serviceFailed(
  { bin, unit }: ServiceProgram,
  why: string,
  state: UnitState | undefined,
  lines: string[],
): AppError {
  const status = state === undefined || state.statusText === '' ? [] : [`It says: ${state.statusText}`];
  const journal = lines.length === 0 ? [] : ['The last lines of its journal:', ...lines.map((line) => `  ${line}`)];
  return new AppError([`${unit} did not start (${why})`, ...status, ...journal].join('\n  '), {
    code: 'STT_SERVICE_FAILED',
    hint: `More of it: ${bin} service logs -n 100. When it is mended: ${bin} service restart`,
    exitCode: exitCodes.unavailable,
  });
}
