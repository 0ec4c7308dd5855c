/** The real whisper-cli with the demo model, where this machine has them; tests that need them are skipped otherwise. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { dataPaths } from '../../config/data-paths.ts';
import { dataFolder, loadWorkerSettings } from '../../config/load-settings.ts';
import { packageFolder } from '../../package-folder.ts';

/** `STT_WHISPER_CLI`, else the engine in the data folder; undefined where there is none. */
export function realWhisperCli(): string | undefined {
  const settings = loadWorkerSettings();
  const file = settings.whisperCli ?? dataPaths(dataFolder(settings)).whisperCli;
  return existsSync(file) ? file : undefined;
}

const packedModel = path.join(packageFolder, 'whisper', 'demo-model', 'ggml-demo-digits-q5_0.bin.gz');

/** Unpacks the demo model to `file`. */
export async function unpackDemoModel(file: string): Promise<void> {
  await writeFile(file, gunzipSync(readFileSync(packedModel)));
}
