/**
 * Which of several builds of the same engine is the fastest here: each transcribes the bundled sample, in turns, and its best time counts.
 * A build that fails is out, as long as another one works.
 */
import type { RunOptions } from '../../engine/run-options.ts';
import { type BenchOptions, onSampleBench } from './sample-bench.ts';

export type VariantProgram = { name: string; whisperCli: string };

export type Comparison = {
  fastest: string;
  /** Best time for the sample, by name; one that failed is not in it. */
  seconds: Record<string, number>;
  /** Why, by name. */
  failed: Record<string, unknown>;
};

/** Less than this is chance: then the one that is named first is taken. */
const tie = 1.03;

/** Turns keep what else the machine does from favouring one. Where a run takes long, that matters less, and people wait. */
const turns = 2;
const longestFirstTurnSeconds = 120;

/**
 * @param variants The simplest first: it wins a tie.
 * @throws what the first one threw, where none works.
 */
export function compareVariants(
  variants: readonly VariantProgram[],
  options: BenchOptions & { run: RunOptions },
): Promise<Comparison> {
  return onSampleBench(options, async (bench) => {
    const best = new Map<string, number>();
    const failed = new Map<string, unknown>();
    let totalSeconds = 0;
    for (let turn = 0; turn < turns && totalSeconds < longestFirstTurnSeconds; turn += 1) {
      for (const { name, whisperCli } of variants) {
        if (failed.has(name)) continue;
        try {
          const { seconds } = await bench.run(whisperCli, options.run);
          totalSeconds += seconds;
          best.set(name, Math.min(seconds, best.get(name) ?? Infinity));
        } catch (error) {
          options.signal.throwIfAborted();
          failed.set(name, error);
          best.delete(name);
        }
      }
    }
    const fastest = chooseFastest(variants, best);
    if (fastest === undefined) throw [...failed.values()][0];
    return { fastest, seconds: Object.fromEntries(best), failed: Object.fromEntries(failed) };
  });
}

/** @returns undefined where there is no time of any. */
export function chooseFastest(
  variants: readonly { name: string }[],
  seconds: ReadonlyMap<string, number>,
): string | undefined {
  const fastest = Math.min(...seconds.values());
  return variants.find(({ name }) => (seconds.get(name) ?? Infinity) <= fastest * tie && seconds.has(name))?.name;
}
