/**
 * Brings the programs that are missing, through the machine's own package manager: says which and why, asks once, uses sudo for
 * this step alone. Where it may not install, the person gets the exact command.
 */
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { describeEnd, runChild } from '../../run-child.ts';
import { commandLine } from '../command-line.ts';
import { answers, findMissingTools, isRuntimeTool, type Tool } from './find-tools.ts';
import { installCommands, needsRoot, type PackageManager, packageManagers } from './packages.ts';

export type PackageConsent = 'ask' | 'yes' | 'never';

export type ProvideToolsOptions = {
  consent: PackageConsent;
  /** Asks a yes-or-no question on the terminal; undefined where there is nobody to ask. */
  ask: ((question: string, signal: AbortSignal) => Promise<boolean>) | undefined;
  say: (line: string) => void;
  signal: AbortSignal;
};

/** What this machine lets us do about packages. */
export type PackagePower = { manager: PackageManager | undefined; isRoot: boolean; hasSudo: boolean };

export async function findPackagePower(signal: AbortSignal): Promise<PackagePower> {
  const isRoot = process.getuid?.() === 0;
  const hasSudo = !isRoot && (await answers('sudo --version', signal));
  for (const manager of packageManagers) {
    if (await answers(`${manager} --version`, signal)) return { manager, isRoot, hasSudo };
  }
  return { manager: undefined, isRoot, hasSudo };
}

export type InstallDecision =
  { kind: 'install'; commands: string[][]; mustAsk: boolean } | { kind: 'refuse'; error: AppError };

/** Pure: install, ask first, or tell the person what to run. */
export function decideInstall(
  missing: readonly Tool[],
  power: PackagePower,
  consent: PackageConsent,
  canAsk: boolean,
): InstallDecision {
  const { manager, isRoot, hasSudo } = power;
  if (manager === undefined) {
    return refuse(missing, 'none of the package managers known here was found', 'Install them by hand.');
  }
  const isBarred = needsRoot(manager) && !isRoot && !hasSudo;
  // Where we may not, somebody else runs these: root needs no sudo.
  const commands = installCommands(missing, manager, !isRoot && hasSudo);
  const byHand = `${isBarred ? 'As root, run' : 'Run'}: ${commands.map(commandLine).join(' && ')}`;
  if (consent === 'never') return refuse(missing, '--no-packages forbids installing them', byHand);
  if (isBarred) {
    return refuse(missing, 'this user is not root and there is no sudo', byHand, exitCodes.noPermission);
  }
  if (consent === 'ask' && !canAsk) {
    return refuse(missing, 'there is no terminal to ask on', `${byHand}; or add --yes.`);
  }
  return { kind: 'install', commands, mustAsk: consent === 'ask' };
}

function refuse(
  missing: readonly Tool[],
  why: string,
  hint: string,
  exitCode: 69 | 77 = exitCodes.unavailable,
): InstallDecision {
  const error = new AppError(`Missing on this machine: ${missing.join(', ')}; ${why}.`, {
    code: 'STT_PACKAGES',
    hint,
    exitCode,
  });
  return { kind: 'refuse', error };
}

/** After this the tools are there; otherwise it has thrown an AppError with the command to run. */
export async function provideTools(tools: readonly Tool[], options: ProvideToolsOptions): Promise<void> {
  const { say, signal, ask } = options;
  const missing = await findMissingTools(tools, signal);
  if (missing.length === 0) return;

  const power = await findPackagePower(signal);
  const decision = decideInstall(missing, power, options.consent, ask !== undefined);
  if (decision.kind === 'refuse') throw decision.error;

  explain(missing, decision.commands, say);
  if (decision.mustAsk && !(await ask?.('Install now?', signal)))
    throw notInstalled('You chose not to', decision.commands);

  for (const command of decision.commands) await runInstaller(command, decision.commands, signal);
  const stillMissing = await findMissingTools(missing, signal);
  if (stillMissing.length > 0) {
    throw notInstalled(`After that, still missing: ${stillMissing.join(', ')}`, decision.commands);
  }
}

function explain(missing: readonly Tool[], commands: string[][], say: (line: string) => void): void {
  const toRead = missing.filter((tool) => isRuntimeTool(tool));
  const toBuild = missing.filter((tool) => !isRuntimeTool(tool));
  if (toRead.length > 0) say(`Missing, to read recordings: ${toRead.join(', ')}`);
  if (toBuild.length > 0) say(`Missing, to build whisper.cpp: ${toBuild.join(', ')}`);
  say('This installs them:');
  for (const command of commands) say(`  ${commandLine(command)}`);
}

async function runInstaller(command: string[], all: string[][], signal: AbortSignal): Promise<void> {
  const [file = '', ...args] = command;
  const end = await runChild({ file, args, inheritEnv: true, signal, output: 'terminal' });
  signal.throwIfAborted();
  if (end.exitCode !== 0) throw notInstalled(`"${commandLine(command)}" failed (${describeEnd(end)})`, all);
}

function notInstalled(why: string, commands: string[][]): AppError {
  return new AppError(`Packages were not installed. ${why}.`, {
    code: 'STT_PACKAGES',
    hint: `Run: ${commands.map(commandLine).join(' && ')}; then run "stt setup" again.`,
    exitCode: exitCodes.unavailable,
  });
}
