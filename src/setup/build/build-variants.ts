/**
 * Builds the variants of an engine in one folder, one after the other: most objects are the same, so that a further variant takes
 * about half of the first one's time. Each one's programs are kept in `build/variants/NAME/`, to be compared; the chosen one's are
 * put into `build/bin/`.
 */
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type AppError, systemErrorCode } from '../../app-error.ts';
import type { BuildVariant } from '../engines/engine-record.ts';
import { binary } from '../engines/engine-store.ts';
import { allDefinitions, type Generator, timedTarget } from './cmake-arguments.ts';
import { proveItStarts } from './prove-it-starts.ts';
import { type BuildRequest, compile, configure } from './run-cmake.ts';

/** A program of a variant that was built. */
export function variantBinary(folder: string, variant: string, target: string = timedTarget): string {
  return path.join(folder, 'build', 'variants', variant, target);
}

/**
 * All programs of the first variant, of each other one the program that is timed. A variant that cannot be had here (no OpenBLAS) is
 * left out with a line to the person.
 * @returns the names of those that are there, at least one; or what went wrong.
 */
export async function buildVariants(
  request: BuildRequest,
  generator: Generator | undefined,
): Promise<string[] | AppError> {
  const { plan, folder, say } = request;
  const built: string[] = [];
  let firstFailure: AppError | undefined;
  let toChoose = generator;
  for (const variant of plan.variants ?? []) {
    const targets = built.length === 0 ? plan.targets : [timedTarget];
    const isDone = await isKept(folder, variant.name, targets);
    const { failure, isConfigured } = isDone ? done : await buildVariant(request, variant, targets, toChoose);
    // The first configuring that comes to its end has chosen for all.
    if (isConfigured) toChoose = undefined;
    if (failure === undefined) {
      built.push(variant.name);
    } else {
      firstFailure ??= failure;
      // A source that does not compile is no question of variants.
      if (built.length === 0 && isConfigured) return failure;
      say(`Without the variant "${variant.name}": ${firstSentence(failure)} ${failure.hint ?? ''}`.trimEnd());
    }
  }
  return built.length > 0 || firstFailure === undefined ? built : firstFailure;
}

type VariantEnd = { failure: AppError | undefined; isConfigured: boolean };

const done: VariantEnd = { failure: undefined, isConfigured: true };

async function buildVariant(
  request: BuildRequest,
  variant: BuildVariant,
  targets: readonly string[],
  generator: Generator | undefined,
): Promise<VariantEnd> {
  const { plan, localDefinitions, folder } = request;
  const notConfigured = await configure(request, allDefinitions(plan, variant, localDefinitions), generator);
  if (notConfigured !== undefined) return { failure: notConfigured, isConfigured: false };
  // Another variant's program that was put there is newer than all objects: it would be taken for this one's.
  for (const target of targets) await rm(binary(folder, target), { force: true });
  const failure =
    (await compile(request, targets, `Building whisper.cpp (${variant.name})`)) ??
    (await proveItStarts(request, targets));
  if (failure === undefined) await keep(folder, variant.name, targets);
  return { failure, isConfigured: true };
}

const firstSentence = (error: AppError): string =>
  (error.message.split('\n')[0] ?? '').replace(/ The last lines:$/u, '');

async function isKept(folder: string, variant: string, targets: readonly string[]): Promise<boolean> {
  const areThere = await Promise.all(targets.map((target) => isThere(variantBinary(folder, variant, target))));
  return areThere.every(Boolean);
}

/** Not empty, as after a power cut. */
async function isThere(file: string): Promise<boolean> {
  try {
    return (await stat(file)).size > 0;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** In one step: what lies under a variant's name is complete. */
async function keep(folder: string, variant: string, targets: readonly string[]): Promise<void> {
  const place = path.dirname(variantBinary(folder, variant));
  const fresh = `${place}.part`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  for (const target of targets) await copyFile(binary(folder, target), path.join(fresh, target));
  await rm(place, { recursive: true, force: true });
  await rename(fresh, place);
}

/**
 * Puts the programs of a variant that was built into `build/bin/`; what was not needed for the comparison is built now.
 * @throws AppError STT_BUILD_FAILED, when that fails.
 */
export async function chooseVariant(request: BuildRequest, name: string): Promise<void> {
  const { plan, folder } = request;
  const variant = plan.variants?.find((variant) => variant.name === name);
  if (variant === undefined) throw new Error(`There is no variant "${name}".`);
  if (!(await isKept(folder, name, plan.targets))) {
    const { failure } = await buildVariant(request, variant, plan.targets, undefined);
    if (failure !== undefined) throw failure;
  }
  for (const target of plan.targets) {
    const fresh = `${binary(folder, target)}.part`;
    await copyFile(variantBinary(folder, name, target), fresh);
    await rename(fresh, binary(folder, target));
  }
}
