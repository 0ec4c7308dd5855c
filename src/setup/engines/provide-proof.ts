/**
 * Sees to it that an engine's record says how it does here, with the model that is wanted: tries it where nobody has yet, and only then.
 * Changes the record alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../clock.ts';
import type { RunOptions } from '../../engine/run-options.ts';
import { binary, completeEngine, type Engine } from './engine-store.ts';
import { proveBuiltEngine } from './prove-built-engine.ts';
import type { BenchOptions } from './sample-bench.ts';

export type ProofWanted = BenchOptions & {
  clock: Clock;
  /** What the engine is to be told at each start; undefined: what its record says. */
  run?: RunOptions | undefined;
  say: (line: string) => void;
};

/** Whether it has been proven: any model does where none is wanted. */
export function isProven({ record }: Engine, { model, run }: Pick<ProofWanted, 'model' | 'run'>): boolean {
  const { proof } = record;
  if (proof === undefined) return false;
  return (
    (model === undefined || proof.model.sha256 === model.sha256) && (run === undefined || isSameRun(record.run, run))
  );
}

/** The reasons are for people. */
const isSameRun = (one: RunOptions, other: RunOptions): boolean =>
  isDeepStrictEqual([one.arguments, one.environment], [other.arguments, other.environment]);

/** @throws AppError, and the record stays as it is, where the engine does not work. */
export async function provideProof(engine: Engine, wanted: ProofWanted): Promise<Engine> {
  if (isProven(engine, wanted)) return engine;
  const { folder, record } = engine;
  const run = wanted.run ?? record.run;
  wanted.say(
    `Trying the engine on a sample${wanted.model === undefined ? '' : ` with the model ${wanted.model.name}`}.`,
  );
  const whisperCli = binary(folder, 'whisper-cli');
  const proof = await proveBuiltEngine({ whisperCli, backend: record.backend, run }, wanted);
  return completeEngine(folder, { ...record, run, proof });
}
