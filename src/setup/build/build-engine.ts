/**
 * Builds whisper.cpp in its folder with cmake and proves that the program starts. A build that was interrupted goes on where it
 * stopped; one that cannot go on is begun again once. Knows nothing of sources or of which engine is in use.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemErrorCode } from '../../app-error.ts';
import { answers } from '../packages/find-tools.ts';
import { buildVariants } from './build-variants.ts';
import { allDefinitions, type Generator } from './cmake-arguments.ts';
import { proveItStarts } from './prove-it-starts.ts';
import { type BuildRequest, compile, configure } from './run-cmake.ts';

/** @returns the variants that were built; none where the plan has none. */
export async function buildEngine(request: BuildRequest): Promise<string[]> {
  const goesOn = await leftToGoOnWith(request);
  let outcome = await build(request, goesOn);
  if (outcome instanceof AppError && goesOn) {
    // What an interrupted build left may be broken: that must not be the last word.
    request.say('The interrupted build cannot go on; it begins again.');
    await removeBuild(request.folder);
    outcome = await build(request, false);
  }
  if (outcome instanceof AppError) throw outcome;
  return outcome;
}

const removeBuild = (folder: string): Promise<void> => rm(path.join(folder, 'build'), { recursive: true, force: true });

/** True where an earlier build may go on. What may not is removed. */
async function leftToGoOnWith({ folder, cleanBuild, say }: BuildRequest): Promise<boolean> {
  const cache = await readCache(folder);
  if (cache === undefined) return false;
  // make takes a generated file that was cut in the middle for a finished one; Ninja notes what it has finished.
  if (cleanBuild !== true || /^CMAKE_GENERATOR:INTERNAL=Ninja$/mu.test(cache)) return true;
  say('What the interrupted build generated may be incomplete; it begins again.');
  await removeBuild(folder);
  return false;
}

async function readCache(folder: string): Promise<string | undefined> {
  try {
    return await readFile(path.join(folder, 'build', 'CMakeCache.txt'), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}

export async function chooseGenerator(signal: AbortSignal): Promise<Generator> {
  return (await answers('ninja --version', signal)) ? 'Ninja' : 'Unix Makefiles';
}

/** @returns the variants that were built, or what went wrong. */
async function build(request: BuildRequest, goesOn: boolean): Promise<string[] | AppError> {
  const generator = goesOn ? undefined : await chooseGenerator(request.signal);
  if (request.plan.variants !== undefined) return buildVariants(request, generator);
  return (await buildPlain(request, generator)) ?? [];
}

async function buildPlain(request: BuildRequest, generator: Generator | undefined): Promise<AppError | undefined> {
  const { plan, localDefinitions } = request;
  return (
    (await configure(request, allDefinitions(plan, undefined, localDefinitions), generator)) ??
    (await compile(request, plan.targets, 'Building whisper.cpp')) ??
    (await proveItStarts(request, plan.targets))
  );
}
