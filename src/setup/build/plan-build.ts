/** How an engine is to be built: the recipe, what this machine's cards ask for, and what a person has defined. Pure. */
import type { Backend } from '../../backend.ts';
import type { Machine } from '../detect/machine.ts';
import type { BuildPlan, BuildVariant } from '../engines/engine-record.ts';
import type { Recipe } from '../whisper-data.ts';
import { type Definitions, readDefinitions } from './cmake-arguments.ts';
import { cudaDefinitions } from './cuda-architectures.ts';

export type PlanRequest = {
  backend: Backend;
  recipe: Recipe;
  /** Undefined: nothing is known of the machine; the engine may be for another one. */
  machine: Machine | undefined;
  /** `NAME=VALUE` for cmake, over everything else. */
  definitions: readonly string[];
  /** `all`: every variant that makes sense here, to be compared. `first`: the one that needs nothing. */
  variants: 'all' | 'first';
};

/** @throws AppError STT_CMAKE_DEFINE, exit code 2. */
export function planBuild(request: PlanRequest): BuildPlan {
  const { backend, recipe, machine, variants } = request;
  const given = readDefinitions(request.definitions);
  const ofMachine = backend === 'cuda' ? cudaDefinitions(machine?.gpus ?? []) : {};
  const definitions = { ...recipe.definitions, ...ofMachine, ...given };
  const possible = possibleVariants(recipe, machine, given);
  const [first, ...others] = variants === 'all' ? possible : possible.slice(0, 1);
  const { targets } = recipe;
  if (first === undefined) return { definitions, targets };
  if (others.length === 0) return { definitions: { ...definitions, ...first.definitions }, targets };
  return { definitions, targets, variants: [first, ...others] };
}

/** Those for this platform that what a person has defined does not contradict. */
function possibleVariants(recipe: Recipe, machine: Machine | undefined, given: Definitions): BuildVariant[] {
  const isForHere = (platforms: readonly string[] | undefined): boolean =>
    platforms === undefined || (machine !== undefined && platforms.includes(machine.os.platform));
  const isContradicted = (definitions: Definitions): boolean =>
    Object.entries(definitions).some(([name, value]) => name in given && given[name] !== value);
  return (recipe.variants ?? [])
    .filter(({ platforms, definitions }) => isForHere(platforms) && !isContradicted(definitions))
    .map(({ name, definitions }) => ({ name, definitions }));
}
