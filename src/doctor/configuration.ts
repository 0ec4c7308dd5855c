/** What a worker that starts here would be told, and by which files: the same reading, with what there is to say of it. */
import path from 'node:path';
import { type DataPaths, dataPaths } from '../config/data-paths.ts';
import {
  dataFolder,
  loadWorkerSettings,
  type Overrides,
  settingsWarnings,
  workerEnvFile,
} from '../config/load-settings.ts';
import { readEnvFile } from '../config/read-env-file.ts';
import { isSecret } from '../config/setting.ts';
import { workerSettings, type WorkerSettings } from '../config/worker-settings.ts';

export type Configuration = {
  settings: WorkerSettings;
  paths: DataPaths;
  /** Those that are there, the one that counts first. */
  files: readonly string[];
  /** Sentences; nothing of it keeps a worker from starting. */
  warnings: readonly string[];
};

/** @throws AppError (exit 78) that names all that is wrong. */
export function readConfiguration(overrides: Overrides): Configuration {
  const settings = loadWorkerSettings(overrides);
  const local = readEnvFile(path.resolve('.env'));
  const files = [local, readEnvFile(workerEnvFile())].filter(({ isThere }) => isThere);
  const secret = secretNames.find((name) => (local.record[name] ?? '').trim() !== '');
  const open =
    // Of the worker's own file it is said anyway.
    local.file !== workerEnvFile() && local.isOpen && secret !== undefined
      ? [`Others may read ${local.file}, and ${secret} stands in it. Close it: chmod 600 ${local.file}`]
      : [];
  return {
    settings,
    paths: dataPaths(dataFolder(settings)),
    // STT_ENV_FILE may name the one in the working directory.
    files: [...new Set(files.map(({ file }) => file))],
    warnings: [...new Set([...settingsWarnings(), ...open])],
  };
}

const secretNames = Object.values(workerSettings)
  .filter(isSecret)
  .map(({ env }) => env);
