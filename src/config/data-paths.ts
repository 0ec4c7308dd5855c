/** Where things lie in the data folder. Pure: names only; nothing is made or read here. */
import path from 'node:path';

export type DataPaths = {
  folder: string;
  /** Every engine that was built, one folder each: `engines/cpu-1.9.5-1a2b3c4d`. */
  engines: string;
  /** Link to the engine in use, where the ancestor's users expect whisper.cpp. */
  whisperCpp: string;
  whisperCli: string;
  models: string;
  /** Downloads and build logs. */
  cache: string;
  logs: string;
  /** The worker's own: files of tasks in hand, transcripts not yet accepted, processed.csv. */
  work: string;
  outbox: string;
  workerProcessedCsv: string;
  /** What `stt stats` counts: `2026-11.jsonl`, a file for each month. */
  workerRecords: string;
  /** Where running workers can be talked to; a folder for each. */
  workerControl: string;
  /** The pause that is in force, for all workers here. */
  workerPause: string;
  /** The server's own. */
  database: string;
};

export function dataPaths(folder: string): DataPaths {
  const whisperCpp = path.join(folder, 'whisper', 'whisper.cpp');
  return {
    folder,
    engines: path.join(folder, 'engines'),
    whisperCpp,
    whisperCli: path.join(whisperCpp, 'build', 'bin', 'whisper-cli'),
    models: path.join(folder, 'models'),
    cache: path.join(folder, 'cache'),
    logs: path.join(folder, 'logs'),
    work: path.join(folder, 'worker', 'work'),
    outbox: path.join(folder, 'worker', 'outbox'),
    workerProcessedCsv: path.join(folder, 'worker', 'processed.csv'),
    workerRecords: path.join(folder, 'worker', 'records'),
    workerControl: path.join(folder, 'worker', 'control'),
    workerPause: path.join(folder, 'worker', 'pause.json'),
    database: path.join(folder, 'server', 'tasks.sqlite'),
  };
}

/** `STT_MODEL` is a path, or NAME for `models/ggml-NAME.bin`. */
export function modelFile(paths: DataPaths, model: string): string {
  return isModelPath(model) ? path.resolve(model) : path.join(paths.models, `ggml-${model}.bin`);
}

export const isModelPath = (model: string): boolean =>
  model.includes('/') || model.includes('\\') || model.endsWith('.bin');
