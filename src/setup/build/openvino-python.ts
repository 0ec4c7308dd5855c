/**
 * The Python that converts models for OpenVINO, and brings OpenVINO itself: a virtual environment below the data folder, with the
 * versions that `whisper/openvino-requirements.txt` pins. Other requirements are another environment: engines that were linked
 * with an earlier one's libraries go on working.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { access, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import { writeFileAtomic } from '../../atomic-file.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { exitCodes } from '../../exit-codes.ts';
import { packageFolder } from '../../package-folder.ts';
import { startProgress } from '../../progress.ts';
import { type ChildEnd, describeEnd, runChild } from '../../run-child.ts';
import { type LoggedSurroundings, runLogged } from './run-logged.ts';

export type OpenvinoSurroundings = LoggedSurroundings & { paths: DataPaths; say: (line: string) => void };

const requirementsFile = path.join(packageFolder, 'whisper', 'openvino-requirements.txt');

const readRequirements = (): string => readFileSync(requirementsFile, 'utf8');

/** The version of OpenVINO that is pinned: `2025.4.1`. */
export function pinnedOpenvino(): string {
  const version = /^openvino==([\d.]+)$/mu.exec(readRequirements())?.[1];
  if (version === undefined) throw new Error(`${requirementsFile} pins no openvino`);
  return version;
}

type Environment = { folder: string; python: string };

function environmentOf(paths: DataPaths): Environment {
  const digest = createHash('sha256').update(readRequirements()).digest('hex');
  const folder = path.join(paths.folder, 'openvino-venv', digest.slice(0, 8));
  return { folder, python: path.join(folder, 'bin', 'python') };
}

const venvArguments = (folder: string): string[] => ['-m', 'venv', folder];

// Isolated (-I): a person's own Python settings and packages have no part in this. Those of pip (a mirror, a proxy) do.
const pipArguments = [
  '-I',
  '-m',
  'pip',
  'install',
  '--no-input',
  '--disable-pip-version-check',
  '--progress-bar',
  'off',
];

/** The commands, as argument lists. */
export function environmentCommands(paths: DataPaths): string[][] {
  const { folder, python } = environmentOf(paths);
  return [
    ['python3', ...venvArguments(folder)],
    [python, ...pipArguments, '-r', requirementsFile],
  ];
}

export const environmentPython = (paths: DataPaths): string => environmentOf(paths).python;

/**
 * Makes the environment, or goes on with one that was interrupted; what is complete is left alone. Call with the lock held.
 * @returns its Python.
 */
export async function provideEnvironment(surroundings: OpenvinoSurroundings): Promise<string> {
  const { paths, say, log } = surroundings;
  const { folder, python } = environmentOf(paths);
  const stamp = path.join(folder, 'complete');
  const isStamped = await exists(stamp);
  if (isStamped && (await works(python, surroundings.signal))) return python;
  // Complete once, and no longer working: the system's Python under it was replaced.
  if (isStamped) await rm(folder, { recursive: true, force: true });

  const systemPython = await findPython(surroundings.signal);
  say(`Installing OpenVINO and what converts models for it (about 1 GB). The whole output: ${log.file}`);
  const goesOn = await exists(folder);
  let failure = await install(surroundings, systemPython);
  if (failure !== undefined && goesOn) {
    say('The interrupted installation cannot go on; it begins again.');
    await rm(folder, { recursive: true, force: true });
    failure = await install(surroundings, systemPython);
  }
  if (failure !== undefined) throw failure;
  await writeFileAtomic(stamp, readRequirements());
  return python;
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}

async function works(python: string, signal: AbortSignal): Promise<boolean> {
  const end = await tryPython(python, ['-I', '-c', 'import openvino'], signal);
  return end?.exitCode === 0;
}

/** @returns undefined where it cannot be started. */
async function tryPython(file: string, args: string[], signal: AbortSignal): Promise<ChildEnd | undefined> {
  try {
    const end = await runChild({ file, args, signal, timeoutMs: 60_000, stdoutLimitBytes: 1000 });
    signal.throwIfAborted();
    return end;
  } catch (error) {
    if (error instanceof AppError && error.code === 'STT_TOOL_MISSING') return undefined;
    throw error;
  }
}

/** For these there are OpenVINO and PyTorch in the versions that are pinned: 3.10 to 3.14. */
const oldestMinor = 10;
const newestMinor = 14;

/** The system's own comes first, then others that may lie beside it. */
async function findPython(signal: AbortSignal): Promise<string> {
  const others = [13, 12, 11, 10].map((minor) => `python3.${minor}`);
  const seen: string[] = [];
  for (const name of ['python3', ...others]) {
    const end = await tryPython(name, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], signal);
    const [, version, minor] = /^(3\.(\d+))$/mu.exec(end?.stdout.trim() ?? '') ?? [];
    if (version === undefined) continue;
    if (Number(minor) >= oldestMinor && Number(minor) <= newestMinor) return name;
    seen.push(version);
  }
  const here = seen.length === 0 ? 'there is none' : `here is ${[...new Set(seen)].join(', ')}`;
  throw new AppError(`OpenVINO needs Python 3.${oldestMinor} to 3.${newestMinor}; ${here}.`, {
    code: 'STT_OPENVINO_PYTHON',
    hint: 'Install one of them with its venv module (python3.12, python3-venv), or use another --backend.',
    exitCode: exitCodes.unavailable,
  });
}

const venvDeadlineMs = 10 * 60_000;
const pipDeadlineMs = 2 * 60 * 60_000;

/** @returns what went wrong, or undefined. */
async function install(surroundings: OpenvinoSurroundings, systemPython: string): Promise<AppError | undefined> {
  const { folder, python } = environmentOf(surroundings.paths);
  await mkdir(path.dirname(folder), { recursive: true });
  using progress = startProgress('Installing OpenVINO');
  const made = await runLogged(surroundings, {
    file: systemPython,
    args: venvArguments(folder),
    timeoutMs: venvDeadlineMs,
  });
  if (made.exitCode !== 0) return installFailed(surroundings, made);

  let collected = 0;
  const installed = await runLogged(surroundings, {
    file: python,
    args: [...pipArguments, '-r', requirementsFile],
    inheritEnv: true,
    timeoutMs: pipDeadlineMs,
    onLine: (line) => {
      const name = /^Collecting ([\w.-]+)/u.exec(line)?.[1];
      if (name === undefined) return;
      // How many there will be, pip does not know itself.
      collected += 1;
      progress.update(0.9 * (1 - 0.96 ** collected), name);
    },
  });
  if (installed.exitCode !== 0) return installFailed(surroundings, installed);
  progress.update(1, '');
  return undefined;
}

const installProblems: { pattern: RegExp; hint: string; isDiskFull?: boolean }[] = [
  { pattern: /no space left on device|disk quota exceeded/iu, hint: 'Make room on the disk.', isDiskFull: true },
  { pattern: /ensurepip/u, hint: "Install Python's venv module (Debian and Ubuntu: python3-venv)." },
  {
    pattern:
      /connection broken|name resolution|name or service not known|proxyerror|timed out|no matching distribution/iu,
    hint: 'PyPI and download.pytorch.org must be reachable: check the network, HTTPS_PROXY, or name a mirror with PIP_INDEX_URL.',
  },
];

function installFailed({ log }: OpenvinoSurroundings, end: ChildEnd): AppError {
  const tail = end.outputTail.split('\n').slice(-8).join('\n');
  const problem = installProblems.find(({ pattern }) => pattern.test(end.outputTail));
  return new AppError(`OpenVINO could not be installed (${describeEnd(end)}). The last lines:\n${tail}`, {
    code: 'STT_OPENVINO_INSTALL',
    hint: `${problem === undefined ? '' : `${problem.hint} `}Then run the same command again. The whole output: ${log.file}`,
    exitCode: problem?.isDiskFull === true ? exitCodes.ioError : exitCodes.unavailable,
  });
}
