/** The bundled recordings with the truth, and a temporary library made of them as a user's would be. */
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packageFolder } from '../package-folder.ts';

export type Sample = {
  /** `digits-de` */
  name: string;
  /** ISO 639-1. */
  language: string;
  /** What is truly spoken. */
  spoken: string;
  recording: string;
};

const samplesFolder = path.join(packageFolder, 'whisper', 'demo-model', 'samples');

export async function readSamples(): Promise<Sample[]> {
  const files = await readdir(samplesFolder);
  const names = files.filter((file) => file.endsWith('.mp3')).map((file) => path.basename(file, '.mp3'));
  return Promise.all(
    names.toSorted().map(async (name) => ({
      name,
      language: name.split('-')[1] ?? '',
      spoken: (await readFile(path.join(samplesFolder, `${name}.txt`), 'utf8')).trim(),
      recording: path.join(samplesFolder, `${name}.mp3`),
    })),
  );
}

/** Copies the recordings into `library`, each with the sidecar that states its language. */
export async function makeLibrary(library: string, samples: readonly Sample[]): Promise<void> {
  await mkdir(library, { recursive: true });
  for (const sample of samples) {
    await copyFile(sample.recording, path.join(library, `${sample.name}.mp3`));
    const sidecar = { sql_params: { language: sample.language } };
    await writeFile(path.join(library, `${sample.name}.json`), `${JSON.stringify(sidecar)}\n`);
  }
}
