/**
 * `engine.json`, as far as who runs an engine needs it: set-up writes it three levels above the programs (`build/bin/whisper-cli`) when the
 * engine is built. An engine of the user's own has none.
 */
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { backends } from '../backend.ts';
import { plainRunOptions, runOptionsSchema } from './run-options.ts';

/** That the engine transcribed the bundled sample here, with which model, on what, how fast. */
export const proofSchema = z.object({
  at: z.iso.datetime(),
  model: z.object({ name: z.string(), sha256: z.string() }),
  /** As the engine calls what it worked on: `CUDA0`, `Vulkan0`, `OpenVINO GPU`, `CPU`. */
  device: z.string(),
  /** Seconds of the sample per second. Longer recordings go faster: the sample is short, and the model is loaded for it. */
  speed: z.number().nonnegative(),
  /** Names of the GPUs that the engine found. */
  devices: z.array(z.string()),
});
export type Proof = z.infer<typeof proofSchema>;

export const engineFileSchema = z.object({
  backend: z.enum(backends),
  /** Absent in engines that an older stt built. */
  run: runOptionsSchema.default(plainRunOptions),
  /** Absent: built, and not tried on this machine. */
  proof: proofSchema.optional(),
});
export type EngineFile = z.infer<typeof engineFileSchema>;

export const cpuDevice = 'CPU';

/** @returns undefined for an engine that set-up did not make, and where the file is damaged. */
export async function readEngineFile(whisperCli: string): Promise<EngineFile | undefined> {
  // As it is written first: an adopted engine is reached through a link to a program that lies elsewhere.
  for (const file of [whisperCli, await realpath(whisperCli).catch(() => whisperCli)]) {
    const found = await readBeside(path.resolve(file));
    if (found !== undefined) return found;
  }
  return undefined;
}

async function readBeside(whisperCli: string): Promise<EngineFile | undefined> {
  const programs = path.dirname(whisperCli);
  if (!programs.endsWith(path.join(path.sep, 'build', 'bin'))) return undefined;
  try {
    const text = await readFile(path.join(programs, '..', '..', 'engine.json'), 'utf8');
    return engineFileSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
