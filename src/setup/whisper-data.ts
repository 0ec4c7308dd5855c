/**
 * Reads what `whisper/` pins: which source of whisper.cpp, how each backend is built, which models there are. Data only; what is
 * done with it stands elsewhere.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { packageFolder } from '../package-folder.ts';

import { type Backend, backends } from '../backend.ts';

export const bundledModels = ['demo-digits'] as const;
export type BundledModel = (typeof bundledModels)[number];

const version = z.string().regex(/^\d+(\.\d+)+$/u);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/u);

const pinsSchema = z.strictObject({
  release: z.strictObject({
    version,
    tag: z.string(),
    commit: z.string().regex(/^[0-9a-f]{40}$/u),
    url: z.url(),
    sha256,
  }),
  npm: z.strictObject({
    /** Of the whisper.cpp inside. */
    version,
    package: z.string(),
    packageVersion: version,
    integrity: z.string().startsWith('sha512-'),
  }),
});
export type Pins = z.infer<typeof pinsSchema>;

const recipeSchema = z.strictObject({
  purpose: z.string(),
  definitions: z.record(z.string(), z.string()),
  targets: z.array(z.string()).min(1),
});
export type Recipe = z.infer<typeof recipeSchema>;

const modelSchema = z.strictObject({
  purpose: z.string(),
  /** Its name in the models folder. */
  file: z.string(),
  sizeBytes: z.int().positive(),
  sha256,
  /** The compressed model, below `whisper/`. */
  bundled: z.string(),
});
export type Model = z.infer<typeof modelSchema>;

const whisperFolder = path.join(packageFolder, 'whisper');

function readJson<T>(name: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(path.join(whisperFolder, name), 'utf8')));
}

export function readPins(): Pins {
  return readJson('pins.json', pinsSchema);
}

export function readRecipe(backend: Backend): Recipe {
  return readJson('recipes.json', z.record(z.enum(backends), recipeSchema))[backend];
}

/** `bundled` comes back as a full path. */
export function readModel(name: BundledModel): Model {
  const model = readJson('models.json', z.record(z.enum(bundledModels), modelSchema))[name];
  return { ...model, bundled: path.join(whisperFolder, model.bundled) };
}
