/**
 * Builds whisper.cpp in its folder with cmake and proves that the program starts. A build that was interrupted goes on where it
 * stopped; one that cannot go on is begun again once. Knows nothing of sources or of which engine is in use.
 */
import { access, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { startProgress } from '../../progress.ts';
import { type ChildEnd, describeEnd, runChild } from '../../run-child.ts';
import type { BuildLog } from './build-log.ts';
import { buildArguments, buildProgress, configureArguments, type Generator, ninjaStatus } from './cmake-arguments.ts';
import { commandLine } from '../command-line.ts';
import type { BuildPlan } from '../engines/engine-record.ts';
import { binary, findBroken } from '../engines/engine-store.ts';
import { answers } from '../packages/find-tools.ts';

export type BuildRequest = {
  /** whisper.cpp's tree; `build/` is made in it. */
  folder: string;
  plan: BuildPlan;
  jobs: number;
  log: BuildLog;
  signal: AbortSignal;
  /** Called with the process group of each cmake. */
  onStart: (group: number) => void;
  say: (line: string) => void;
};

export async function buildEngine(request: BuildRequest): Promise<void> {
  const goesOn = await isConfigured(request.folder);
  let failure = await buildAndProve(request, goesOn);
  if (failure !== undefined && goesOn) {
    // What an interrupted build left may be broken: that must not be the last word.
    request.say('The interrupted build cannot go on; it begins again.');
    await rm(path.join(request.folder, 'build'), { recursive: true, force: true });
    failure = await buildAndProve(request, false);
  }
  if (failure !== undefined) throw failure;
}

async function isConfigured(folder: string): Promise<boolean> {
  try {
    await access(path.join(folder, 'build', 'CMakeCache.txt'));
    return true;
  } catch {
    return false;
  }
}

export async function chooseGenerator(signal: AbortSignal): Promise<Generator> {
  return (await answers('ninja --version', signal)) ? 'Ninja' : 'Unix Makefiles';
}

/** @returns what went wrong, or undefined. */
async function buildAndProve(request: BuildRequest, goesOn: boolean): Promise<AppError | undefined> {
  return (await configureAndBuild(request, goesOn)) ?? proveItStarts(request);
}

async function configureAndBuild(request: BuildRequest, goesOn: boolean): Promise<AppError | undefined> {
  const { folder, plan, jobs, signal } = request;
  const generator = goesOn ? undefined : await chooseGenerator(signal);
  const configured = await runCmake(request, configureArguments(folder, plan, generator));
  if (configured.exitCode !== 0) return buildFailed(request, 'configured', configured);

  using progress = startProgress('Building whisper.cpp');
  let furthest = 0;
  const built = await runCmake(request, buildArguments(folder, plan, jobs), (line) => {
    const now = buildProgress(line);
    if (now === undefined) return;
    // make counts each target anew; a bar that goes back, or says 100 % too early, helps nobody.
    furthest = Math.max(furthest, Math.min(now.fraction, 0.99));
    progress.update(furthest, now.note);
  });
  if (built.exitCode !== 0) return buildFailed(request, 'built', built);
  progress.update(1, '');
  return undefined;
}

async function runCmake(request: BuildRequest, args: string[], onLine?: (line: string) => void): Promise<ChildEnd> {
  const { log, signal, onStart } = request;
  log.write(`$ ${commandLine(['cmake', ...args])}`);
  const end = await runChild({
    file: 'cmake',
    args,
    env: { NINJA_STATUS: ninjaStatus },
    signal,
    onStart,
    onLine: (line) => {
      log.write(line);
      onLine?.(line);
    },
  });
  signal.throwIfAborted();
  return end;
}

const shownLines = 15;

function buildFailed(request: BuildRequest, what: 'configured' | 'built', end: ChildEnd): AppError {
  const tail = end.outputTail.split('\n').slice(-shownLines).join('\n');
  const isDiskFull = /no space left on device/iu.test(end.outputTail);
  return new AppError(`whisper.cpp could not be ${what} (${describeEnd(end)}). The last lines:\n${tail}`, {
    code: 'STT_BUILD_FAILED',
    hint: `${isDiskFull ? 'Make room on the disk. ' : ''}The whole output: ${request.log.file}`,
    exitCode: isDiskFull ? exitCodes.ioError : exitCodes.unavailable,
  });
}

async function proveItStarts(request: BuildRequest): Promise<AppError | undefined> {
  const { folder, plan, signal } = request;
  const broken = await findBroken(folder, plan.targets);
  if (broken.length > 0) return engineBroken(request, `${broken.join(', ')} may not be executed, or came out empty`);
  try {
    const end = await runChild({ file: binary(folder, 'whisper-cli'), args: ['--help'], signal, timeoutMs: 20_000 });
    signal.throwIfAborted();
    return end.exitCode === 0 ? undefined : engineBroken(request, describeEnd(end), end.outputTail);
  } catch (error) {
    if (error instanceof AppError && error.code === 'STT_TOOL_MISSING') return engineBroken(request, error.message);
    throw error;
  }
}

function engineBroken(request: BuildRequest, why: string, output = ''): AppError {
  const isBarred = /may not be executed/u.test(why);
  const noexec = `If that disk is mounted noexec, set STT_DATA_DIR to a directory on another one. `;
  return new AppError(`The engine that was built does not start (${why}).\n${output}`.trimEnd(), {
    code: 'STT_ENGINE_BROKEN',
    hint: `${isBarred ? noexec : ''}Run "stt setup --force" to build it again. The build's output: ${request.log.file}`,
    exitCode: exitCodes.unavailable,
  });
}
