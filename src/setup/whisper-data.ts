/**
 * Reads what `whisper/` pins: which source of whisper.cpp, how each backend is built. Data only; what is done with it
 * stands elsewhere. Models: see model-catalogue.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { packageFolder } from '../package-folder.ts';

import { type Backend, backends } from '../backend.ts';

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

const definitions = z.record(z.string(), z.string());

const recipeSchema = z.strictObject({
  purpose: z.string(),
  definitions,
  /** Ways to build it of which the fastest on the machine is kept. The first needs nothing that may be missing. */
  variants: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9]+$/u),
        purpose: z.string(),
        /** Where it makes sense; everywhere, where this is not said. */
        platforms: z.array(z.enum(['linux', 'darwin'])).optional(),
        definitions,
      }),
    )
    .min(1)
    .optional(),
  /** What an interrupted build left is used only where it is known to be whole. */
  cleanBuild: z.boolean().optional(),
  targets: z.array(z.string()).min(1),
  /** What compilers take: one of them on the largest file, each of the others. */
  memory: z.strictObject({ largestBytes: z.int().positive(), perJobBytes: z.int().positive() }),
  /** Source, objects and programs, and room to spare. */
  diskBytes: z.int().positive(),
});
export type Recipe = z.infer<typeof recipeSchema>;

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
