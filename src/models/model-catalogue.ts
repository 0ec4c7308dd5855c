/** The catalogue of models, `whisper/models.json`: what each is called, what it is good for, where it comes from and how it is known. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../app-error.ts';
import { closestNames } from '../closest-names.ts';
import type { KnownDigest } from '../download/file-digest.ts';
import { exitCodes } from '../exit-codes.ts';
import { packageFolder } from '../package-folder.ts';

export const bundledModels = ['demo-digits'] as const;
export type BundledModel = (typeof bundledModels)[number];

/** `speech` becomes text; `vad` only finds where there is any. */
export type ModelKind = 'speech' | 'vad';

export type CatalogueModel = KnownDigest & {
  /** `medium`. */
  name: string;
  kind: ModelKind;
  /** For people: what it is good for. */
  purpose: string;
  /** Its name in the models folder. */
  file: string;
  sizeBytes: number;
  /** `all` that Whisper knows, or their codes. */
  languages: 'all' | readonly string[];
  /** While it transcribes, on the device that it runs on. */
  memoryBytes: number;
  /** How fast it is, where a large one is 1; OpenAI's figures. Undefined where nobody measured. */
  relativeSpeed: number | undefined;
  /** Where it is downloaded from; undefined: it comes with stt. */
  url: string | undefined;
  /** The compressed model that comes with stt. */
  bundled: string | undefined;
};

export type Model = CatalogueModel & { sha256: string; bundled: string };

export type Catalogue = readonly CatalogueModel[];

/** Found where `VAD_MODEL` is not set. */
export const defaultVadModel = 'silero-v6.2.0';

const common = {
  kind: z.enum(['speech', 'vad']),
  purpose: z.string(),
  file: z.string().regex(/^ggml-[\w.-]+\.bin$/u),
  sizeBytes: z.int().positive(),
  languages: z.union([z.literal(['all', 'en']), z.array(z.string()).min(1)]),
  memoryBytes: z.int().positive(),
  relativeSpeed: z.number().positive().optional(),
  /** A key of `sources`. */
  source: z.string().optional(),
  /** Below `whisper/`. */
  bundled: z.string().optional(),
};
const sha256 = z.string().regex(/^[0-9a-f]{64}$/u);
const sha1 = z.string().regex(/^[0-9a-f]{40}$/u);

export const catalogueSchema = z.strictObject({
  sources: z.record(z.string(), z.url()),
  models: z.record(
    z.string().regex(/^[\w.-]+$/u),
    z.union([z.strictObject({ ...common, sha256 }), z.strictObject({ ...common, sha1 })]),
  ),
});

const whisperFolder = path.join(packageFolder, 'whisper');

export function readCatalogue(): Catalogue {
  const file = path.join(whisperFolder, 'models.json');
  const { sources, models } = catalogueSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  return Object.entries(models).map(([name, { source, bundled, languages, relativeSpeed, ...model }]) => ({
    ...model,
    name,
    relativeSpeed,
    languages: languages === 'en' ? ['en'] : languages,
    url: source === undefined ? undefined : `${sources[source]}/${model.file}`,
    bundled: bundled === undefined ? undefined : path.join(whisperFolder, bundled),
  }));
}

/** One that comes with stt; `bundled` is a full path. */
export function readModel(name: BundledModel): Model {
  return findModel(readCatalogue(), name) as Model;
}

/** @param wanted `medium`, `ggml-medium` or `ggml-medium.bin`, in any case; `silero` is the VAD model that is used by default. */
export function findModel(catalogue: Catalogue, wanted: string): CatalogueModel | undefined {
  const name = plainName(wanted).toLowerCase();
  const meant = name === 'silero' ? defaultVadModel : name;
  return catalogue.find((model) => model.name.toLowerCase() === meant);
}

/** @throws AppError STT_MODEL_UNKNOWN, with the names that are close. */
export function requireModel(catalogue: Catalogue, wanted: string): CatalogueModel {
  const found = findModel(catalogue, wanted);
  if (found !== undefined) return found;
  const name = plainName(wanted);
  const near = closestNames(
    name,
    catalogue.map((model) => model.name),
  );
  throw new AppError(`There is no model "${name}" in the catalogue.`, {
    code: 'STT_MODEL_UNKNOWN',
    hint: near.length === 0 ? 'See "stt models list".' : `Did you mean ${near.join(', ')}? See "stt models list".`,
    exitCode: exitCodes.usage,
  });
}

/** `medium` of `ggml-medium.bin`. */
export function plainName(fileName: string): string {
  return fileName.replace(/^ggml-/iu, '').replace(/\.bin$/iu, '');
}
