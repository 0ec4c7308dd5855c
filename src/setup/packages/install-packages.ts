/**
 * Brings what is missing, through the machine's own package manager: says what and why, asks once, uses sudo for this step alone.
 * Where it may not install, the person gets the exact commands.
 */
import { AppError } from '../../app-error.ts';
import { type ExitCode, exitCodes } from '../../exit-codes.ts';
import { describeEnd, runChild } from '../../run-child.ts';
import { commandLine } from '../../command-line.ts';
import type { OperatingSystem } from '../detect/machine.ts';
import { findMissingNeeds, type Look } from './find-needs.ts';
import type { Need } from './needs.ts';
import { findPackagePower, type PackagePower } from './package-power.ts';
import { readPackageTable } from './package-table.ts';
import { mannersOf } from './packages.ts';
import { type InstallPlan, planInstall } from './plan-install.ts';

export type PackageConsent = 'ask' | 'yes' | 'never';

export type ProvideNeedsOptions = {
  consent: PackageConsent;
  /** Asks a yes-or-no question on the terminal; undefined where there is nobody to ask. */
  ask: ((question: string, signal: AbortSignal) => Promise<boolean>) | undefined;
  say: (line: string) => void;
  signal: AbortSignal;
  /** Undefined: the package manager tells how packages are named; what needs repositories is then done by hand. */
  os?: OperatingSystem | undefined;
  /** Enable repositories of other people where they have the better package: RPM Fusion's ffmpeg. */
  wantsMoreRepositories?: boolean;
  /** Where the file system begins; tests have their own. */
  root?: string;
};

export type InstallDecision =
  { kind: 'install'; commands: string[][]; mustAsk: boolean } | { kind: 'refuse'; error: AppError };

/** Pure: install, ask first, or tell the person what to run. */
export function decideInstall(
  missing: readonly Need[],
  plan: InstallPlan,
  power: PackagePower,
  consent: PackageConsent,
  canAsk: boolean,
): InstallDecision {
  const { manager, isRoot, hasSudo, isImage } = power;
  const known = new Set(plan.byHand.flatMap(({ hint }) => hint ?? []));
  const hints = known.size > 0 ? [...known] : [`Install them by hand; on Fedora: ${plan.onFedora}`];
  if (isImage) {
    const box = 'Run it inside a box: "toolbox create && toolbox enter", or Distrobox.';
    return refuse(missing, 'packages are not installed into this system, which is an image', box);
  }
  if (manager === undefined) {
    return refuse(missing, 'none of the package managers known here was found', hints.join(' '));
  }
  const isBarred = mannersOf(manager).needsRoot && !isRoot && !hasSudo;
  const run = `${isBarred ? 'As root, run' : 'Run'}: ${chain(plan.commands)}`;
  if (plan.byHand.length > 0) {
    const names = plan.byHand.map(({ need }) => need).join(', ');
    const rest = plan.commands.length > 0 ? [`For the rest: ${chain(plan.commands)}`] : [];
    return refuse(missing, `no package is known here for ${names}`, [...hints, ...rest].join(' '));
  }
  if (consent === 'never') return refuse(missing, '--no-packages forbids installing them', run);
  if (isBarred) return refuse(missing, 'this user is not root and there is no sudo', run, exitCodes.noPermission);
  if (manager === 'brew' && isRoot) {
    return refuse(missing, 'brew does not run as root', `${run}, as your own user.`, exitCodes.noPermission);
  }
  if (consent === 'ask' && !canAsk) return refuse(missing, 'there is no terminal to ask on', `${run}; or add --yes.`);
  return { kind: 'install', commands: plan.commands, mustAsk: consent === 'ask' };
}

const chain = (commands: string[][]): string => commands.map(commandLine).join(' && ');

function refuse(
  missing: readonly Need[],
  why: string,
  hint: string,
  exitCode: ExitCode = exitCodes.unavailable,
): InstallDecision {
  const error = new AppError(`Missing on this machine: ${missing.join(', ')}; ${why}.`, {
    code: 'STT_PACKAGES',
    hint,
    exitCode,
  });
  return { kind: 'refuse', error };
}

type Preparation = { look: Look; missing: Need[]; plan: InstallPlan; power: PackagePower };

async function prepare(needs: readonly Need[], options: ProvideNeedsOptions): Promise<Preparation | undefined> {
  const { os, signal, root = '/', wantsMoreRepositories = false } = options;
  const table = readPackageTable();
  const look = { table, signal, root };
  const missing = await findMissingNeeds(needs, look);
  if (missing.length === 0) return undefined;
  const power = await findPackagePower(os, look);
  const plan = planInstall(missing, { table, os, architecture: process.arch, power, wantsMoreRepositories });
  return { look, missing, plan, power };
}

/** After this the needs are met; otherwise it has thrown an AppError with the commands to run. */
export async function provideNeeds(needs: readonly Need[], options: ProvideNeedsOptions): Promise<void> {
  const { say, signal, ask, consent } = options;
  const prepared = await prepare(needs, options);
  if (prepared === undefined) return;

  const { look, missing, plan, power } = prepared;
  const decision = decideInstall(missing, plan, power, consent, ask !== undefined);
  if (decision.kind === 'refuse') throw decision.error;

  for (const line of [...describeMissing(missing, look), 'This installs them:']) say(line);
  for (const command of plan.commands) say(`  ${commandLine(command)}`);
  if (decision.mustAsk && !(await ask?.('Install now?', signal))) throw notInstalled('You chose not to', plan);

  for (const command of plan.commands) await runInstaller(command, plan, signal);
  const stillMissing = await findMissingNeeds(missing, look);
  if (stillMissing.length > 0) throw notInstalled(`After that, still missing: ${stillMissing.join(', ')}`, plan);
}

/** For `--dry-run`: the commands that would be run. Changes nothing, and asks nobody. */
export async function describeNeeds(needs: readonly Need[], options: ProvideNeedsOptions): Promise<string[]> {
  const prepared = await prepare(needs, options);
  if (prepared === undefined) return ['# Packages: nothing is missing'];
  const { look, missing, plan, power } = prepared;
  const decision = decideInstall(missing, plan, power, options.consent, true);
  if (decision.kind === 'refuse') return [`# ${decision.error.message}`, `#   ${decision.error.hint ?? ''}`];
  return [...describeMissing(missing, look).map((line) => `# ${line}`), ...decision.commands.map(commandLine)];
}

function describeMissing(missing: readonly Need[], { table }: Look): string[] {
  const byPurpose = Map.groupBy(missing, (need) => table.needs[need].purpose);
  return [...byPurpose].map(([purpose, needs]) => `Missing, ${purpose}: ${needs.join(', ')}`);
}

async function runInstaller(command: string[], plan: InstallPlan, signal: AbortSignal): Promise<void> {
  const [file = '', ...args] = command;
  const end = await runChild({ file, args, inheritEnv: true, signal, output: 'terminal' });
  signal.throwIfAborted();
  if (end.exitCode !== 0) throw notInstalled(`"${commandLine(command)}" failed (${describeEnd(end)})`, plan);
}

function notInstalled(why: string, plan: InstallPlan): AppError {
  const hint = `Run: ${chain(plan.commands)}; then run "stt setup" again.`;
  return new AppError(`Packages were not installed. ${why}.`, {
    code: 'STT_PACKAGES',
    hint: [hint, ...plan.hints].join(' '),
    exitCode: exitCodes.unavailable,
  });
}
