/**
 * What is written about an engine: where its source came from, and from what it was built. The key says whether two engines are
 * the same. Pure.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { backends } from '../../backend.ts';
import { engineFileSchema } from '../../engine/engine-file.ts';
import type { Pins } from '../whisper-data.ts';

const sourceSchema = z.object({
  kind: z.enum(['release', 'npm', 'given', 'adopted']),
  /** Of whisper.cpp; `unknown` where an adopted program does not say. */
  version: z.string(),
  /** Identity of the content: `sha256:HEX` of an archive or an adopted program, `sha512-BASE64` of npm's, `tree:HEX` of a directory. */
  digest: z.string(),
  /** For people: `release v1.9.5`, `npm package nodejs-whisper 0.3.1`, a path. */
  origin: z.string(),
  commit: z.string().optional(),
});
export type Source = z.infer<typeof sourceSchema>;

/** `source.json`: the source in this folder is complete. */
export const sourceRecordSchema = z.object({ key: z.string(), backend: z.enum(backends), source: sourceSchema });
export type SourceRecord = z.infer<typeof sourceRecordSchema>;

/**
 * `engine.json`: the engine in this folder is complete and starts; with `proof`, it has also transcribed on this machine. What runs
 * it reads its part alone.
 */
export const engineRecordSchema = sourceRecordSchema.extend({
  ...engineFileSchema.shape,
  definitions: z.record(z.string(), z.string()),
  targets: z.array(z.string()),
  /** What a person told cmake: `NAME=VALUE`. */
  given: z.array(z.string()).optional(),
  /** Where there are several ways to build it: the one that was kept, and how long each took for the sample, in seconds. */
  variant: z.object({ name: z.string(), seconds: z.record(z.string(), z.number()) }).optional(),
  builtAt: z.iso.datetime(),
});
export type EngineRecord = z.infer<typeof engineRecordSchema>;

/** One of the ways to build an engine of which the fastest is kept. */
export type BuildVariant = { name: string; definitions: Readonly<Record<string, string>> };

/** What cmake is told: all that shapes an engine besides its source. */
export type BuildPlan = {
  definitions: Readonly<Record<string, string>>;
  targets: readonly string[];
  /** At least two; absent where there is one way only. */
  variants?: readonly BuildVariant[];
};

/** Two engines with the same key are the same engine. */
export function engineKey(sourceDigest: string, plan: BuildPlan): string {
  const sorted = (definitions: Readonly<Record<string, string>>): [string, string][] =>
    Object.entries(definitions).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const variants = plan.variants?.map(({ name, definitions }) => [name, sorted(definitions)]);
  return createHash('sha256')
    .update(JSON.stringify([sourceDigest, sorted(plan.definitions), plan.targets, ...(variants ?? [])]))
    .digest('hex');
}

export function releaseSource(pins: Pins): Source {
  const { version, tag, commit, sha256 } = pins.release;
  return { kind: 'release', version, digest: `sha256:${sha256}`, origin: `release ${tag}`, commit };
}

export function npmSource(pins: Pins): Source {
  const { version, package: name, packageVersion, integrity } = pins.npm;
  return { kind: 'npm', version, digest: integrity, origin: `npm package ${name} ${packageVersion}` };
}

/** `whisper.cpp 1.9.5 (release v1.9.5, commit d1be6fd)`. */
export function describeSource(source: Source): string {
  if (source.kind === 'adopted') return `whisper.cpp ${source.version} (adopted: ${source.origin})`;
  const commit = source.commit === undefined ? '' : `, commit ${source.commit.slice(0, 7)}`;
  const unpinned = source.kind === 'given' ? ', not a pinned source' : '';
  return `whisper.cpp ${source.version} (${source.origin}${commit}${unpinned})`;
}
