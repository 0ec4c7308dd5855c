/**
 * Where set-up tries engines: the bundled sample of real speech, with the model that is wanted, else with the bundled one. What the
 * engine writes is judged as a worker would judge it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import { type Engine, isDemoModelName } from '../../engine/find-engine.ts';
import { decodeSample, proveOnSample, type SampleRun } from '../../engine/prove-on-sample.ts';
import { plainRunOptions, type RunChoices, type RunOptions, withChoices } from '../../engine/run-options.ts';
import { installBundledModel } from '../../models/bundled-model.ts';
import { readModel } from '../../models/model-catalogue.ts';

/** A model that is there and verified. */
export type ProofModel = { name: string; file: string; sha256: string };

export type BenchOptions = {
  /** Undefined: the bundled demo model, for the time being. */
  model: ProofModel | undefined;
  /** What the user says of the engine: it holds here too. */
  choices?: RunChoices | undefined;
  /** Default: as a worker with one slot. */
  threads?: number | undefined;
  signal: AbortSignal;
};

export type SampleBench = {
  model: ProofModel;
  /**
   * @throws AppError in the engine's own words: STT_ENGINE_BROKEN, STT_ENGINE_MISSING, STT_MODEL_DAMAGED, STT_MACHINE_TROUBLE, and what
   * ffmpeg lacks.
   */
  run: (whisperCli: string, run?: RunOptions) => Promise<SampleRun>;
};

const mostThreads = 8;

/** @param action gets the bench; what it needs of files is gone afterwards. */
export async function onSampleBench<T>(options: BenchOptions, action: (bench: SampleBench) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'stt-proof-'));
  try {
    const model = options.model ?? (await unpackDemoModel(folder));
    const sample = await decodeSample(folder, options.signal);
    const threads = options.threads ?? Math.min(mostThreads, availableParallelism());
    return await action({
      model,
      run: async (whisperCli, run = plainRunOptions) => {
        const engine: Engine = {
          whisperCli,
          modelFile: model.file,
          modelName: model.name,
          vadModelFile: undefined,
          isDemoModel: isDemoModelName(model.name),
          // It is looked at afterwards what it worked on, and why.
          expectsGpu: false,
          run: withChoices(run, options.choices ?? {}),
        };
        try {
          return await proveOnSample(engine, { folder, threads, signal: options.signal }, sample);
        } catch (error) {
          options.signal.throwIfAborted();
          throw forSetup(error);
        }
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const demoModel = 'demo-digits';

async function unpackDemoModel(folder: string): Promise<ProofModel> {
  const model = readModel(demoModel);
  const { file } = await installBundledModel(model, folder);
  return { name: demoModel, file, sha256: model.sha256 };
}

/** The engine's failure is told as anywhere; what to do about it is another matter while it is set up. */
function forSetup(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'STT_ENGINE_BROKEN') return error;
  return new AppError(error.message, {
    code: 'STT_ENGINE_BROKEN',
    hint: 'The engine in use, if there is one, stays. Try "stt setup --force", which builds it again, or another backend ("--backend cpu").',
    exitCode: error.exitCode,
    cause: error,
  });
}
