/** Which engine a request asks for: how it is to be built, and from which sources it may come. Changes nothing. */
import type { Backend } from '../../backend.ts';
import { planBuild } from '../build/plan-build.ts';
import type { Machine } from '../detect/machine.ts';
import { type GivenSource, openGivenSource } from '../source/given-source.ts';
import { type Pins, type Recipe, readRecipe } from '../whisper-data.ts';
import { type BuildPlan, engineKey, npmSource, releaseSource } from './engine-record.ts';

export type WantedEngine = {
  plan: BuildPlan;
  recipe: Recipe;
  /** Undefined: one of the pinned sources. */
  given: GivenSource | undefined;
  /** Of the plan, one for each source it may come from; the best comes first. */
  keys: readonly string[];
  /** A finished engine with one of these will do as well: it is the fastest of several, and one was asked for. */
  betterKeys: readonly string[];
};

export async function findWantedEngine(request: {
  backend: Backend;
  definitions: readonly string[];
  source: string | undefined;
  pins: Pins;
  machine?: Machine | undefined;
  /** See `planBuild`. Default: `first`. */
  variants?: 'all' | 'first';
}): Promise<WantedEngine> {
  const { backend, definitions, source, pins, machine, variants = 'first' } = request;
  const recipe = readRecipe(backend);
  const planFor = (variants: 'all' | 'first'): BuildPlan =>
    planBuild({ backend, recipe, machine, definitions, variants });
  const plan = planFor(variants);
  const given = source === undefined ? undefined : await openGivenSource(source, pins);
  const digests = given === undefined ? [releaseSource(pins).digest, npmSource(pins).digest] : [given.digest];
  const keysOf = (plan: BuildPlan): string[] => digests.map((digest) => engineKey(digest, plan));
  const better = variants === 'first' ? planFor('all') : undefined;
  return { plan, recipe, given, keys: keysOf(plan), betterKeys: better?.variants === undefined ? [] : keysOf(better) };
}
