/**
 * Before the first task: the real engine with the real model transcribes a second of silence. A model that is cut or no model at
 * all, or an engine that does not start, is found here and not on somebody's recording.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Fault } from '../protocol/messages.ts';
import type { EngineGpus } from './engine-gpus.ts';
import type { Engine } from './find-engine.ts';
import { judgeTranscript } from './judge-transcript.ts';
import { silentWav } from './silent-wav.ts';
import { type EngineRun, transcribe, type TranscribeOptions } from './whisper-cli.ts';

export type ProofOptions = {
  /** For a few temporary files; the caller removes it. */
  folder: string;
  threads: number;
  /** Which GPU; absent: the engine's choice. */
  device?: number;
  signal: AbortSignal;
};

const audioSeconds = 1.2;

/**
 * @returns the GPUs that the engine found, and the one it works on.
 * @throws AppError with exit code 78, in the engine's own words; STT_MACHINE_TROUBLE where this machine is in the way.
 */
export async function proveEngine(engine: Engine, options: ProofOptions): Promise<EngineGpus> {
  const wavFile = path.join(options.folder, 'silence.wav');
  await writeFile(wavFile, silentWav(audioSeconds));
  const run = await startEngine(engine, {
    ...options,
    wavFile,
    audioSeconds,
    outputBase: path.join(options.folder, 'silence'),
    language: 'en',
  });
  const verdict = judgeTranscript(run, { seconds: audioSeconds, soundUntilSeconds: undefined });
  if (verdict.kind !== 'failed') return run.gpus;
  throw explainFailure(engine, run, verdict, 'a second of silence');
}

/** @param what the engine was given to hear. */
export function explainFailure(
  engine: Engine,
  run: EngineRun,
  failure: { reason: string; fault: Fault },
  what: string,
): AppError {
  if (failure.fault === 'machine') return hinderedEngine(engine, run, failure.reason, what);
  const isModelAtFault = run.isModelEmpty || wordsAboutModel.test(run.lastWords);
  return isModelAtFault ? damagedModel(engine, run) : brokenEngine(engine, run, failure.reason, what);
}

const wordsAboutModel =
  /failed to (?:load|initialize whisper context)|tensors? (?:loaded|'|data)|unknown tensor|bad magic|invalid model/u;

/** @throws AppError with exit code 78 where the engine cannot be started. */
export async function startEngine(engine: Engine, options: TranscribeOptions): Promise<EngineRun> {
  try {
    return await transcribe(engine, options);
  } catch (error) {
    if (options.signal.aborted || (error instanceof AppError && error.code === 'STT_ENGINE_GPU_LOST')) throw error;
    throw new AppError(`The engine cannot be started: ${messageOf(error)}`, {
      code: 'STT_ENGINE_MISSING',
      hint: 'Set STT_WHISPER_CLI to a whisper-cli, or unset it and run "stt setup --backend cpu".',
      exitCode: exitCodes.config,
      cause: error,
    });
  }
}

function damagedModel({ whisperCli, modelFile }: Engine, run: EngineRun): AppError {
  return new AppError(`The engine ${whisperCli} cannot load the model ${modelFile}:\n${indented(run.lastWords)}`, {
    code: 'STT_MODEL_DAMAGED',
    hint: 'The file is cut, damaged, or not a ggml Whisper model: download it again.',
    exitCode: exitCodes.config,
  });
}

function brokenEngine(engine: Engine, run: EngineRun, reason: string, what: string): AppError {
  const words = run.lastWords === '' ? '' : `\n${indented(run.lastWords)}`;
  const both = `The engine ${engine.whisperCli} with the model ${engine.modelFile}`;
  return new AppError(`${both} cannot transcribe ${what}: ${reason}.${words}`, {
    code: 'STT_ENGINE_BROKEN',
    hint: `Try another model, or download this one again; or ${
      engine.isNamed
        ? 'name another whisper-cli in STT_WHISPER_CLI, or unset it and run "stt setup --backend cpu"'
        : 'build the engine anew with "stt setup --backend cpu"'
    }.`,
    exitCode: exitCodes.config,
  });
}

function hinderedEngine({ whisperCli }: Engine, run: EngineRun, reason: string, what: string): AppError {
  const words = run.lastWords === '' ? '' : `\n${indented(run.lastWords)}`;
  return new AppError(`This machine keeps ${whisperCli} from transcribing ${what}: ${reason}.${words}`, {
    code: 'STT_MACHINE_TROUBLE',
    hint: 'See that there is room on the disk and in memory (a smaller model in STT_MODEL takes less of it).',
    exitCode: exitCodes.unavailable,
  });
}

const indented = (text: string): string => text.replaceAll(/^/gmu, '    ');
