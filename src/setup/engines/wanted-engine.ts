/** Which engine a request asks for: how it is to be built, and from which sources it may come. Changes nothing. */
import { withDefinitions } from '../build/cmake-arguments.ts';
import { type BuildPlan, engineKey, npmSource, releaseSource } from './engine-record.ts';
import { type GivenSource, openGivenSource } from '../source/given-source.ts';
import type { Backend } from '../../backend.ts';
import { type Pins, readRecipe } from '../whisper-data.ts';

export type WantedEngine = {
  plan: BuildPlan;
  /** Undefined: one of the pinned sources. */
  given: GivenSource | undefined;
  /** Any engine with one of these keys will do; the best comes first. */
  keys: readonly string[];
};

export async function findWantedEngine(request: {
  backend: Backend;
  definitions: readonly string[];
  source: string | undefined;
  pins: Pins;
}): Promise<WantedEngine> {
  const plan = withDefinitions(readRecipe(request.backend), request.definitions);
  const given = request.source === undefined ? undefined : await openGivenSource(request.source, request.pins);
  const digests =
    given === undefined ? [releaseSource(request.pins).digest, npmSource(request.pins).digest] : [given.digest];
  return { plan, given, keys: digests.map((digest) => engineKey(digest, plan)) };
}
