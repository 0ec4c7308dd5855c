/**
 * Finds whisper-cli, what set-up wrote about it, the model and the VAD model by the settings. What is missing is said with what to do
 * about it.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { AppError, systemErrorCode } from '../app-error.ts';
import { type DataPaths, modelFile } from '../config/data-paths.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import type { Backend } from '../backend.ts';
import { exitCodes } from '../exit-codes.ts';
import { cpuDevice, type EngineFile, readEngineFile } from './engine-file.ts';
import { plainRunOptions, type RunChoices, type RunOptions, withChoices } from './run-options.ts';

export type Engine = {
  /** A path, or a name on PATH. */
  whisperCli: string;
  /** STT_WHISPER_CLI names it: what set-up makes is not used meanwhile. */
  isNamed?: true;
  modelFile: string;
  /** `medium` for `ggml-medium.bin`. */
  modelName: string;
  /** Undefined: no voice activity detection. */
  vadModelFile: string | undefined;
  /** Knows spoken digits only; whatever shows it says so. */
  isDemoModel: boolean;
  /** It was made for a GPU, or proven on one: a run without one is broken off, since it would crawl on the CPU and say nothing. */
  expectsGpu: boolean;
  /** What it is told at each start. */
  run: RunOptions;
  /** What it was made for; absent: an engine that set-up did not make. */
  backend?: Backend;
  /** What it worked on when it was set up: `CUDA0`; absent: the CPU, or nobody tried. */
  provenDevice?: string;
};

export type EngineSettings = Pick<WorkerSettings, 'whisperCli' | 'model' | 'vadEnabled' | 'vadModel'> & RunChoices;

/** @throws AppError with exit code 78 for the first thing that is missing. */
export async function findEngine(settings: EngineSettings, paths: DataPaths): Promise<Engine> {
  const whisperCli = await findWhisperCli(settings, paths);
  return {
    ...describeEngine(await readEngineFile(whisperCli), settings),
    whisperCli,
    ...(settings.whisperCli === undefined ? {} : { isNamed: true }),
    ...(await findModel(settings, paths)),
    vadModelFile: await findVadModel(settings, paths),
  };
}

export const isDemoModelName = (name: string): boolean => name.startsWith('demo-');

const gpuBackends: ReadonlySet<Backend> = new Set(['cuda', 'vulkan', 'metal']);

function describeEngine(
  file: EngineFile | undefined,
  choices: RunChoices,
): Pick<Engine, 'run' | 'expectsGpu' | 'backend' | 'provenDevice'> {
  if (file === undefined) return { run: withChoices(plainRunOptions, choices), expectsGpu: false };
  const { backend, run, proof } = file;
  const isOnDevice = proof !== undefined && proof.device !== cpuDevice;
  return {
    run: withChoices(run, choices),
    // OpenVINO takes the encoder alone, on a device of its own, and is watched for itself.
    expectsGpu: gpuBackends.has(backend) || (isOnDevice && backend !== 'openvino'),
    backend,
    ...(isOnDevice ? { provenDevice: proof.device } : {}),
  };
}

/** @throws AppError STT_ENGINE_MISSING. */
export async function findWhisperCli(settings: EngineSettings, paths: DataPaths): Promise<string> {
  const { whisperCli } = settings;
  if (whisperCli !== undefined && !whisperCli.includes(path.sep)) return whisperCli;
  const file = await withExtension(path.resolve(whisperCli ?? paths.whisperCli));
  if (!(await isFile(file))) {
    throw missing(
      'STT_ENGINE_MISSING',
      `The engine ${file} ${(await isDirectory(file)) ? 'is a directory' : 'is not there'}.`,
      [
        whisperCli === undefined
          ? 'Build it with "stt setup" ("stt setup --backend cpu" for the processor alone), or name another whisper-cli in STT_WHISPER_CLI.'
          : 'Set STT_WHISPER_CLI to a whisper-cli, or unset it and run "stt setup --backend cpu".',
      ],
    );
  }
  if (!(await isExecutable(file))) {
    throw missing('STT_ENGINE_MISSING', `The engine ${file} may not be executed.`, [
      whisperCli === undefined
        ? 'Mend its permissions, or build it anew with "stt setup --backend cpu".'
        : 'Mend its permissions, or unset STT_WHISPER_CLI and run "stt setup --backend cpu".',
    ]);
  }
  return file;
}

/** @throws AppError STT_MODEL_MISSING. */
export async function findModel(
  { model }: EngineSettings,
  paths: DataPaths,
): Promise<Pick<Engine, 'modelFile' | 'modelName' | 'isDemoModel'>> {
  const file = modelFile(paths, model);
  await requireReadable(file, 'STT_MODEL_MISSING', 'The model');
  if (await isFile(file)) {
    const modelName = path
      .basename(file)
      .replace(/^ggml-/u, '')
      .replace(/\.bin$/u, '');
    return { modelFile: file, modelName, isDemoModel: isDemoModelName(modelName) };
  }
  const isName = !model.includes('/') && !model.includes('\\') && !model.endsWith('.bin');
  throw missing('STT_MODEL_MISSING', `The model ${file} is not there.`, [
    isName ? `Get it with "stt models download ${model}",` : 'See "stt models list",',
    'or name another one in STT_MODEL.',
    'To try things out: "stt setup --model demo-digits", then "stt run --model demo-digits" (knows spoken digits only).',
  ]);
}

/** @returns undefined where voice activity detection is off. @throws AppError STT_VAD_MODEL_MISSING. */
export async function findVadModel(settings: EngineSettings, paths: DataPaths): Promise<string | undefined> {
  if (settings.vadEnabled === false) return undefined;
  const file = path.resolve(settings.vadModel ?? path.join(paths.models, 'ggml-silero-v6.2.0.bin'));
  // A model that was named is wanted, also where VAD_ENABLED is not set.
  const isWanted = settings.vadEnabled === true || settings.vadModel !== undefined;
  if (!isWanted && !(await isFile(file))) return undefined;
  await requireReadable(file, 'STT_VAD_MODEL_MISSING', 'The model for voice activity detection');
  if (await isFile(file)) return file;
  throw missing('STT_VAD_MODEL_MISSING', `The model for voice activity detection, ${file}, is not there.`, [
    'Get one with "stt models download silero", or name another one in VAD_MODEL, or set VAD_ENABLED=false.',
  ]);
}

function missing(code: `STT_${string}`, message: string, hint: string[]): AppError {
  return new AppError(message, { code, hint: hint.join('\n  '), exitCode: exitCodes.config });
}

/** @throws AppError for one that is there, or may be, and is closed to this user. */
async function requireReadable(file: string, code: `STT_${string}`, what: string): Promise<void> {
  try {
    await access(file, constants.R_OK);
  } catch (error) {
    if (systemErrorCode(error) !== 'EACCES') return;
    throw missing(code, `${what} ${file} may not be read by ${ownName()}: permission denied.`, [
      'Let it be read, with the folders above it: sudo chmod -R o+rX FOLDER,',
      'or name another one in STT_MODEL or VAD_MODEL.',
    ]);
  }
}

/** In a container a user may have none. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? ''}`;
  }
}

/** Where programs have one: on Windows. */
async function withExtension(file: string): Promise<string> {
  return process.platform === 'win32' && !(await isFile(file)) ? `${file}.exe` : file;
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function isDirectory(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
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
