/** What is to be done to make or remove a service, as data: shown by a dry run, else done one after another. */
import { chmod, mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { createFileAtomic, writeFileAtomic } from '../atomic-file.ts';
import { commandLine } from '../command-line.ts';
import { writeEnvFile } from '../config/write-env-file.ts';
import { exitCodes } from '../exit-codes.ts';
import { findProgram } from '../find-program.ts';
import { type ChildEnd, describeEnd, runChild } from '../run-child.ts';
import { at, type Host } from './host.ts';

export type Step =
  | { do: 'folder'; folder: string; mode: number }
  | { do: 'write'; file: string; text: string; mode: number }
  /** Where nothing of that name is there yet. */
  | { do: 'create'; file: string; text: string; mode: number }
  | { do: 'setting'; file: string; name: string; value: string }
  | { do: 'remove'; file: string }
  | { do: 'removeEmpty'; folder: string }
  | RunStep
  /** Until it fails: what it asks for is gone then. */
  | { do: 'awaitGone'; argv: readonly string[]; timeoutMs: number };

export type RunStep = {
  do: 'run';
  argv: readonly string[];
  /** Where it fails the rest goes on, and this is said; empty: nothing. Absent: that is the end. */
  otherwise?: string;
  /** Said before it, since it takes its time. */
  meanwhile?: string;
};

export const run = (...argv: string[]): RunStep => ({ do: 'run', argv });

/** Whether a service that runs has other settings after them. */
export const changesSettings = (steps: readonly Step[]): boolean =>
  steps.some((step) => step.do === 'setting' || step.do === 'create');

/** For people, and what is a command can be pasted into a shell. */
export const describeSteps = (steps: readonly Step[]): string[] => steps.flatMap(describeStep);

function describeStep(step: Step): string[] {
  if (step.do === 'write' || step.do === 'create') {
    const what = step.do === 'write' ? 'is written' : 'is made where it is not there';
    return [`# ${step.file} (mode ${octal(step.mode)}) ${what}:`, ...indented(step.text)];
  }
  if (step.do === 'setting') return [`# ${step.file}: ${step.name}=${step.value}`];
  if (step.do === 'awaitGone') return [`# until this fails: ${commandLine(step.argv)}`];
  return [commandLine(asCommand(step))];
}

function asCommand(step: Extract<Step, { do: 'folder' | 'remove' | 'removeEmpty' | 'run' }>): readonly string[] {
  if (step.do === 'folder') return ['mkdir', '-p', '-m', octal(step.mode), step.folder];
  if (step.do === 'remove') return ['rm', '-f', step.file];
  return step.do === 'run' ? step.argv : ['rmdir', '--ignore-fail-on-non-empty', step.folder];
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
const indented = (text: string): string[] =>
  text
    .replace(/\n$/u, '')
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${line}`));

export type StepSurroundings = {
  host: Host;
  say: (line: string) => void;
  signal: AbortSignal;
  /** For the programs that are started. */
  env?: Record<string, string>;
};

/** @returns what was said of steps that failed and may. @throws AppError for the first one that may not. */
export async function runSteps(steps: readonly Step[], surroundings: StepSurroundings): Promise<string[]> {
  const warnings: string[] = [];
  for (const step of steps) {
    surroundings.signal.throwIfAborted();
    const warning = await runStep(step, surroundings);
    if (warning !== '') warnings.push(warning);
  }
  return warnings;
}

async function runStep(step: Step, surroundings: StepSurroundings): Promise<string> {
  const { host, signal } = surroundings;
  if (step.do === 'run') return runCommand(step, surroundings);
  if (step.do === 'awaitGone') {
    await awaitGone(step, signal);
    return '';
  }
  try {
    await changeFiles(step, host);
    return '';
  } catch (error) {
    throw error instanceof AppError ? error : fileFailed(error);
  }
}

async function changeFiles(step: Exclude<Step, { do: 'run' | 'awaitGone' }>, host: Host): Promise<void> {
  switch (step.do) {
    case 'folder': {
      const folder = at(host, step.folder);
      // What mkdir() makes of the mode depends on our umask.
      if ((await mkdir(folder, { recursive: true, mode: step.mode })) !== undefined) await chmod(folder, step.mode);
      break;
    }
    case 'write': {
      await mkdir(path.dirname(at(host, step.file)), { recursive: true });
      await writeFileAtomic(at(host, step.file), step.text, step.mode);
      // Also where our umask forbids more: systemd reads it as root, people look at it.
      await chmod(at(host, step.file), step.mode);
      break;
    }
    case 'create': {
      await createFileAtomic(at(host, step.file), step.text, step.mode);
      break;
    }
    case 'setting': {
      await writeEnvFile(at(host, step.file), { [step.name]: step.value });
      break;
    }
    case 'remove': {
      await rm(at(host, step.file), { force: true });
      break;
    }
    case 'removeEmpty': {
      await removeEmpty(at(host, step.folder));
    }
  }
}

async function removeEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => ['not there']);
  if (names.length === 0) await rmdir(folder);
}

async function runCommand(
  { argv, otherwise, meanwhile }: RunStep,
  { say, signal, env = {}, host }: StepSurroundings,
): Promise<string> {
  if (meanwhile !== undefined) say(meanwhile);
  const [file = '', ...args] = argv;
  const end = await tryProgram(file, args, signal, { env, host });
  signal.throwIfAborted();
  if (end?.exitCode === 0) return '';
  if (otherwise !== undefined) return otherwise;
  const why = end === undefined ? 'there is no such program' : lastSaid(end);
  throw new AppError(`${commandLine(argv)} failed: ${why}`, {
    code: 'STT_SERVICE_COMMAND',
    hint: 'Mend what it says, and run the same command again: what is done already is not done twice.',
    exitCode: exitCodes.unavailable,
  });
}

export type ProgramSurroundings = {
  env?: Record<string, string>;
  /** With it root's programs are found as well where PATH is that of somebody else. */
  host?: Host | undefined;
};

/** @returns undefined where there is no such program. */
export async function tryProgram(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
  { env = {}, host }: ProgramSurroundings = {},
): Promise<ChildEnd | undefined> {
  for (const candidate of [file, ...rootsPlaces(file, host)]) {
    const end = await tryFile(candidate, args, signal, env);
    if (end !== undefined) return end;
  }
  return undefined;
}

async function tryFile(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
  env: Record<string, string>,
): Promise<ChildEnd | undefined> {
  try {
    return await runChild({ file, args, env: { ...env, LC_ALL: 'C.UTF-8' }, signal, stdoutLimitBytes: 200_000 });
  } catch (error) {
    if (error instanceof AppError && error.code === 'STT_TOOL_MISSING') return undefined;
    throw error;
  }
}

/** After `su` PATH is that of who called it, on Debian without these, where useradd and semanage lie. */
function rootsPlaces(name: string, host: Host | undefined): string[] {
  if (host?.uid !== 0 || name.includes(path.sep)) return [];
  return ['/usr/local/sbin', '/usr/sbin', '/sbin'].map((folder) => at(host, path.join(folder, name)));
}

/** Asked of a shell, which looks along PATH as the system does when it starts programs. */
export async function hasProgram(name: string, signal: AbortSignal, host?: Host): Promise<boolean> {
  if ((await tryProgram('sh', ['-c', 'command -v "$1"', 'sh', name], signal))?.exitCode === 0) return true;
  const found = await Promise.all(rootsPlaces(name, host).map((file) => findProgram(file, '')));
  return found.some(({ kind }) => kind === 'found');
}

function lastSaid(end: ChildEnd): string {
  const lines = end.outputTail.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? describeEnd(end) : lines.slice(-3).join('\n  ');
}

async function awaitGone(
  { argv: [file = '', ...args], timeoutMs }: { argv: readonly string[]; timeoutMs: number },
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if ((await tryProgram(file, args, signal))?.exitCode !== 0) return;
    await delay(200, undefined, { signal });
  }
}

function fileFailed(error: unknown): AppError {
  const isForbidden = ['EACCES', 'EPERM'].includes(systemErrorCode(error) ?? '');
  return new AppError(`The service cannot be written: ${messageOf(error)}.`, {
    code: 'STT_SERVICE_FILE',
    hint: isForbidden ? 'Is that folder yours?' : 'Is the disk full, or read-only?',
    exitCode: isForbidden ? exitCodes.noPermission : exitCodes.ioError,
    cause: error,
  });
}
