/** A prepared task through the engine and the judge. Knows neither the server nor what becomes of its finding. */
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import type { Engine } from '../../engine/find-engine.ts';
import { judgeTranscript } from '../../engine/judge-transcript.ts';
import { proveOnSample } from '../../engine/prove-on-sample.ts';
import { transcriptFlags } from '../../engine/whisper-arguments.ts';
import { transcribe } from '../../engine/whisper-cli.ts';
import { exitCodes } from '../../exit-codes.ts';
import { type Finding, findingOf, type Prepared, type TaskInHand } from './task-in-hand.ts';

export type TranscribeTaskOptions = {
  engine: Engine;
  threads: number;
  /** The GPU; undefined where there is none to choose. */
  device: number | undefined;
};

/** Never throws. */
export async function transcribeTask(
  task: TaskInHand,
  prepared: Prepared,
  options: TranscribeTaskOptions,
): Promise<Finding> {
  try {
    return await runAndJudge(task, prepared, options);
  } catch (error) {
    return findingOf(error, task);
  }
}

async function runAndJudge(
  { lease, folder, progress, dropped: signal }: TaskInHand,
  { wavFile, language, audioSeconds, soundUntilSeconds }: Prepared,
  { engine, threads, device }: TranscribeTaskOptions,
): Promise<Finding> {
  const gpu = device === undefined ? {} : { device };
  const outputBase = path.join(folder.path, 'transcript');
  const onProgress = progress.advance;
  const settings = { wavFile, audioSeconds, outputBase, language, threads, ...gpu, signal, onProgress };
  const run = await transcribe(engine, settings);
  const judgement = judgeTranscript(run, { seconds: audioSeconds, soundUntilSeconds });
  if (judgement.kind === 'failed') {
    const reason = `${sentence(judgement.reason)}\n${run.lastWords}`.trim();
    if (judgement.fault === 'machine') {
      return {
        kind: 'hand_back',
        reason,
        trouble: { fault: 'machine', phase: 'transcribe', error: machineFault(reason), isProven: false },
      };
    }
    // In its slot: an engine that fails on good speech too has broken since the start, and no recording is to blame for that.
    await proveOnSample(engine, { folder: folder.path, threads, ...gpu, signal });
    return { kind: 'failed', phase: 'transcribe', fault: 'recording', reason };
  }
  return {
    kind: 'transcript',
    outcome: judgement.kind,
    suspect: judgement.kind === 'suspect' ? judgement.reasons : [],
    message: {
      id: lease.id,
      vtt: judgement.vtt,
      seconds: run.seconds,
      duration: audioSeconds,
      language: run.detectedLanguage ?? language,
      model: engine.modelName,
      engine: 'whisper.cpp',
      flags: transcriptFlags(engine.vadModelFile !== undefined),
      ...(judgement.kind === 'suspect' ? { suspect: [...judgement.reasons] } : {}),
    },
    audioSeconds,
    engineSeconds: run.seconds,
  };
}

const machineFault = (reason: string): AppError =>
  new AppError(reason, {
    code: 'STT_MACHINE_FAULT',
    hint: 'See whether its disk is full, and whether it ran out of memory; a smaller model needs less.',
    exitCode: exitCodes.unavailable,
  });

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
