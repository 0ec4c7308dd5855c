/** Finds whisper-cli, the model and the VAD model by the settings. What is missing is said with what to do about it. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../app-error.ts';
import { type DataPaths, modelFile } from '../config/data-paths.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import { exitCodes } from '../exit-codes.ts';

export type Engine = {
  /** A path, or a name on PATH. */
  whisperCli: string;
  modelFile: string;
  /** `medium` for `ggml-medium.bin`. */
  modelName: string;
  /** Undefined: no voice activity detection. */
  vadModelFile: string | undefined;
  /** Knows spoken digits only; whatever shows it says so. */
  isDemoModel: boolean;
  /** It has been proven on a GPU: a run without one is broken off, since it would crawl on the CPU and say nothing. */
  expectsGpu: boolean;
};

export type EngineSettings = Pick<WorkerSettings, 'whisperCli' | 'model' | 'vadEnabled' | 'vadModel'>;

/** @throws AppError with exit code 78 for the first thing that is missing. */
export async function findEngine(settings: EngineSettings, paths: DataPaths): Promise<Engine> {
  const whisperCli = await findWhisperCli(settings, paths);
  const model = await findModel(settings.model, paths);
  const modelName = path
    .basename(model)
    .replace(/^ggml-/u, '')
    .replace(/\.bin$/u, '');
  return {
    whisperCli,
    modelFile: model,
    modelName,
    vadModelFile: await findVadModel(settings, paths),
    isDemoModel: modelName.startsWith('demo-'),
    expectsGpu: false,
  };
}

async function findWhisperCli(settings: EngineSettings, paths: DataPaths): Promise<string> {
  const { whisperCli } = settings;
  if (whisperCli !== undefined && !whisperCli.includes(path.sep)) return whisperCli;
  const file = path.resolve(whisperCli ?? paths.whisperCli);
  if (!(await isFile(file))) {
    throw missing('STT_ENGINE_MISSING', `The engine ${file} is not there.`, [
      whisperCli === undefined
        ? 'Build it with "stt setup --backend cpu", or name another whisper-cli in STT_WHISPER_CLI.'
        : 'Set STT_WHISPER_CLI to a whisper-cli, or unset it and run "stt setup --backend cpu".',
    ]);
  }
  if (!(await isExecutable(file))) {
    throw missing('STT_ENGINE_MISSING', `The engine ${file} may not be executed.`, [
      'Mend its permissions, or build it anew with "stt setup --backend cpu".',
    ]);
  }
  return file;
}

async function findModel(model: string, paths: DataPaths): Promise<string> {
  const file = modelFile(paths, model);
  if (await isFile(file)) return file;
  const source = 'https://huggingface.co/ggerganov/whisper.cpp';
  throw missing('STT_MODEL_MISSING', `The model ${file} is not there.`, [
    `Download ${path.basename(file)} from ${source} and put it there,`,
    'or name another one in STT_MODEL.',
    'To try things out: "stt setup --model demo-digits", then "stt run --model demo-digits" (knows spoken digits only).',
  ]);
}

async function findVadModel(settings: EngineSettings, paths: DataPaths): Promise<string | undefined> {
  if (settings.vadEnabled === false) return undefined;
  const file = path.resolve(settings.vadModel ?? path.join(paths.models, 'ggml-silero-v6.2.0.bin'));
  if (await isFile(file)) return file;
  // A model that was named is wanted, also where VAD_ENABLED is not set.
  if (settings.vadEnabled === undefined && settings.vadModel === undefined) return undefined;
  const source = 'https://huggingface.co/ggml-org/whisper-vad';
  throw missing('STT_VAD_MODEL_MISSING', `The model for voice activity detection, ${file}, is not there.`, [
    `Download ggml-silero-v6.2.0.bin from ${source} and put it there, or name another one in VAD_MODEL,`,
    'or set VAD_ENABLED=false.',
  ]);
}

function missing(code: `STT_${string}`, message: string, hint: string[]): AppError {
  return new AppError(message, { code, hint: hint.join('\n  '), exitCode: exitCodes.config });
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
