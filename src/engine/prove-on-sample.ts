/**
 * The engine hears the bundled recording of real speech, decoded here like any other: what a worker that doubts its engine tries before
 * it blames a recording, and a broken one before it takes tasks again.
 */
import path from 'node:path';
import { AppError } from '../app-error.ts';
import { decodeAudio } from '../audio/decode-audio.ts';
import { exitCodes } from '../exit-codes.ts';
import { packageFolder } from '../package-folder.ts';
import type { EngineGpus } from './engine-gpus.ts';
import type { Engine } from './find-engine.ts';
import { judgeTranscript } from './judge-transcript.ts';
import { explainFailure, type ProofOptions, startEngine } from './prove-engine.ts';

/** Seven spoken digits, six seconds. */
const sample = path.join(packageFolder, 'whisper', 'demo-model', 'samples', 'digits-en-short.mp3');

/** Any words will do: what a model makes of digits is its own affair. None at all in clear speech is a failure. */
const deaf = 'it hears nothing';

export type SampleRun = {
  /** The GPUs that the engine found, and the one it worked on. */
  gpus: EngineGpus;
  /** Length of the sample. */
  audioSeconds: number;
  /** What the engine took for it, wall time, the loading of the model included. */
  seconds: number;
};

export type DecodedSample = { wavFile: string; audioSeconds: number; soundUntilSeconds: number };

/** @throws AppError STT_TOOL_MISSING, STT_DISK_FULL, STT_FFMPEG_BROKEN. */
export async function decodeSample(folder: string, signal: AbortSignal): Promise<DecodedSample> {
  const wavFile = path.join(folder, 'sample.wav');
  const decoded = await decodeAudio({ file: sample, wavFile, signal });
  if (decoded.kind === 'bad_recording') throw brokenFfmpeg(decoded.reason);
  const { audioSeconds, soundUntilSeconds } = decoded;
  return { wavFile, audioSeconds, soundUntilSeconds };
}

/**
 * @param decoded by an earlier try, for who tries often.
 * @throws AppError in the engine's own words, with exit code 78; or of what else this machine lacks: STT_TOOL_MISSING, STT_DISK_FULL,
 * STT_FFMPEG_BROKEN, STT_MACHINE_TROUBLE.
 */
export async function proveOnSample(
  engine: Engine,
  options: ProofOptions,
  decoded?: DecodedSample,
): Promise<SampleRun> {
  const { wavFile, audioSeconds, soundUntilSeconds } = decoded ?? (await decodeSample(options.folder, options.signal));
  const outputBase = path.join(options.folder, 'sample');
  const run = await startEngine(engine, { ...options, wavFile, audioSeconds, outputBase, language: 'en' });
  const judgement = judgeTranscript(run, { seconds: audioSeconds, soundUntilSeconds });
  if (judgement.kind === 'no_speech') {
    throw explainFailure(engine, run, { reason: deaf, fault: 'engine' }, 'the bundled sample');
  }
  if (judgement.kind === 'failed') throw explainFailure(engine, run, judgement, 'the bundled sample');
  return { gpus: run.gpus, audioSeconds, seconds: run.seconds };
}

function brokenFfmpeg(reason: string): AppError {
  return new AppError(`ffmpeg cannot decode the bundled sample ${sample}: ${reason}`, {
    code: 'STT_FFMPEG_BROKEN',
    hint: 'Install ffmpeg, and stt, anew.',
    exitCode: exitCodes.unavailable,
  });
}
