/**
 * `stt setup`: tools, model, engine, in this order; each step does only what is missing, so that a second run does nothing. Knows
 * nothing of flags and terminals.
 */
import { AppError } from '../app-error.ts';
import type { DataPaths } from '../config/data-paths.ts';
import { exitCodes } from '../exit-codes.ts';
import { installBundledModel } from '../models/bundled-model.ts';
import { describeSource } from './engines/engine-record.ts';
import { findEngine, isInUse, useEngine } from './engines/engine-store.ts';
import { explainFileFailure } from './explain-file-failure.ts';
import { buildTools, runtimeTools } from './packages/find-tools.ts';
import { provideTools } from './packages/install-packages.ts';
import { makeEngine } from './engines/make-engine.ts';
import { refuseUnbuildable } from './build/refuse-unbuildable.ts';
import type { SetupRequest } from './setup-request.ts';
import { findWantedEngine } from './engines/wanted-engine.ts';
import type { Backend } from '../backend.ts';
import { type BundledModel, readModel } from './whisper-data.ts';

export type SetupReport = {
  backend: Backend;
  version: string;
  /** For people: where the engine's source came from. */
  source: string;
  /** False where the engine was there already. */
  isBuilt: boolean;
  whisperCli: string;
  engineFolder: string;
  model?: { name: BundledModel; file: string; purpose: string };
  /** Of the build, where there was one. */
  logFile?: string;
  seconds: number;
};

export async function runSetup(request: SetupRequest): Promise<SetupReport> {
  try {
    return await setUp(request);
  } catch (error) {
    throw explainFailure(error, request.signal);
  }
}

async function setUp(request: SetupRequest): Promise<SetupReport> {
  const { paths, clock, isForced, backend } = request;
  const startedAtMs = clock.now();
  refuseUnbuildable(paths);
  const wanted = await findWantedEngine(request);
  const current = isForced ? undefined : await findEngine(paths, wanted.keys);
  await provideTools(current === undefined ? [...runtimeTools, ...buildTools] : runtimeTools, request);

  // The model comes first: what stands in its way had better be known before the long build.
  const model = request.model === undefined ? undefined : await provideModel(request.model, paths);
  const { engine, logFile } =
    current === undefined ? await makeEngine(request, wanted) : { engine: current, logFile: undefined };
  if (!(await isInUse(paths, engine.folder))) await useEngine(paths, engine);

  const { source } = engine.record;
  return {
    backend,
    version: source.version,
    source: describeSource(source),
    isBuilt: logFile !== undefined,
    whisperCli: paths.whisperCli,
    engineFolder: engine.folder,
    ...(model === undefined ? {} : { model }),
    ...(logFile === undefined ? {} : { logFile }),
    seconds: (clock.now() - startedAtMs) / 1000,
  };
}

async function provideModel(name: BundledModel, paths: DataPaths): Promise<NonNullable<SetupReport['model']>> {
  const model = readModel(name);
  const { file } = await installBundledModel(model, paths.models);
  return { name, file, purpose: model.purpose };
}

/** Ctrl-C is no bug either. */
function explainFailure(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return new AppError('Set-up was interrupted; nothing is left running.', {
      code: 'STT_INTERRUPTED',
      hint: 'Run the same command again: it goes on where it stopped.',
      exitCode: exitCodes.interrupted,
      cause: error,
    });
  }
  return explainFileFailure(error);
}
