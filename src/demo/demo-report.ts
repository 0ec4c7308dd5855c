/** What the demo shows at the end: each transcript beside the truth, and the figures. Pure. */
import type { Sample } from './samples.ts';
import { countWordErrors, type WordErrors, wordErrorRate } from './word-errors.ts';

export type Heard = {
  sample: Sample;
  /** Undefined where no transcript arrived. */
  heard: string | undefined;
  transcriptFile: string;
};

export type DemoOutcome = {
  passed: boolean;
  transcripts: readonly (Heard & WordErrors)[];
  missing: number;
  wordErrorRate: number;
  audioSeconds: number;
  wallSeconds: number;
  audioSecondsPerSecond: number;
};

/** Above this word error rate the demo has failed. */
export const highestWordErrorRate = 0.05;

export function judgeDemo(results: readonly Heard[], audioSeconds: number, wallSeconds: number): DemoOutcome {
  const transcripts = results.map((result) => ({
    ...result,
    ...countWordErrors(result.sample.spoken, result.heard ?? ''),
  }));
  const missing = results.filter((result) => result.heard === undefined).length;
  const rate = wordErrorRate(transcripts);
  return {
    passed: results.length > 0 && missing === 0 && rate < highestWordErrorRate,
    transcripts,
    missing,
    wordErrorRate: rate,
    audioSeconds,
    wallSeconds,
    audioSecondsPerSecond: audioSeconds / wallSeconds,
  };
}

export function demoLines(outcome: DemoOutcome, library: string): string[] {
  const samples = outcome.transcripts.flatMap(({ sample, heard, errors, words }) => [
    `${sample.name} (${sample.language}): ${heard === undefined ? 'NO TRANSCRIPT ARRIVED' : `${errors} of ${words} words wrong`}`,
    `  spoken  ${sample.spoken}`,
    `  heard   ${heard ?? '-'}`,
    '',
  ]);
  const percent = (outcome.wordErrorRate * 100).toFixed(1);
  const limit = highestWordErrorRate * 100;
  return [
    ...samples,
    `word error rate  ${percent} % (must be below ${limit} %)`,
    `speed            ${outcome.audioSecondsPerSecond.toFixed(1)} audio seconds per second (${outcome.audioSeconds.toFixed(0)} s of audio in ${outcome.wallSeconds.toFixed(1)} s, server and worker start included)`,
    `transcripts      ${library}/*.vtt`,
    'model            demo-digits: for demo and tests only, it knows spoken digits and nothing else',
    outcome.passed ? 'The demo passed.' : 'The demo FAILED.',
  ];
}
