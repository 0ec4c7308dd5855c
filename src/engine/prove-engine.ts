/**
 * Before the first task: the real engine with the real model transcribes a second of silence. A model that is cut or no model at
 * all, or an engine that does not start, is found here and not on somebody's recording.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Engine } from './find-engine.ts';
import { judgeTranscript } from './judge-transcript.ts';
import { silentWav } from './silent-wav.ts';
import { type EngineRun, transcribe, type TranscribeOptions } from './whisper-cli.ts';

export type ProofOptions = {
  /** For a few temporary files; the caller removes it. */
  folder: string;
  threads: number;
  signal: AbortSignal;
};

const audioSeconds = 1.2;

/** @throws AppError with exit code 78, in the engine's own words. */
export async function proveEngine(engine: Engine, options: ProofOptions): Promise<void> {
  const wavFile = path.join(options.folder, 'silence.wav');
  await writeFile(wavFile, silentWav(audioSeconds));
  const run = await startEngine(engine, {
    ...options,
    wavFile,
    audioSeconds,
    outputBase: path.join(options.folder, 'silence'),
    language: 'en',
  });
  const verdict = judgeTranscript(run, audioSeconds);
  if (verdict.kind !== 'failed') return;
  const isModelAtFault = run.isModelEmpty || wordsAboutModel.test(run.lastWords);
  throw isModelAtFault ? damagedModel(engine, run) : brokenEngine(engine, run, verdict.reason);
}

const wordsAboutModel =
  /failed to (?:load|initialize whisper context)|tensors? (?:loaded|'|data)|unknown tensor|bad magic|invalid model/u;

async function startEngine(engine: Engine, options: TranscribeOptions): Promise<EngineRun> {
  try {
    return await transcribe(engine, options);
  } catch (error) {
    if (options.signal.aborted) throw error;
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

function brokenEngine(engine: Engine, run: EngineRun, reason: string): AppError {
  const words = run.lastWords === '' ? '' : `\n${indented(run.lastWords)}`;
  const both = `The engine ${engine.whisperCli} with the model ${engine.modelFile}`;
  return new AppError(`${both} cannot transcribe a second of silence: ${reason}.${words}`, {
    code: 'STT_ENGINE_BROKEN',
    hint: 'Try another model, or download this one again; or build the engine anew with "stt setup --backend cpu".',
    exitCode: exitCodes.config,
  });
}

const indented = (text: string): string => text.replaceAll(/^/gmu, '    ');
