/** The model files that the settings name, by the setting. */
import path from 'node:path';
import { type DataPaths, modelFile } from '../../config/data-paths.ts';
import type { WorkerSettings } from '../../config/worker-settings.ts';
import { defaultVadModel } from '../../models/model-catalogue.ts';

export function modelsInUse(settings: WorkerSettings, paths: DataPaths): Record<string, string> {
  const vadModel = settings.vadModel ?? path.join(paths.models, `ggml-${defaultVadModel}.bin`);
  return {
    STT_MODEL: modelFile(paths, settings.model),
    ...(settings.vadEnabled === false ? {} : { VAD_MODEL: path.resolve(vadModel) }),
  };
}
