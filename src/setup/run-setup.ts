/**
 * `stt setup`: tools, engine, model, in this order; each step does only what is missing, so that a second run does nothing. Knows
 * nothing of flags and terminals.
 */
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import type { DataPaths } from '../config/data-paths.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { installBundledModel } from './demo-model.ts';
import { describeSource } from './engine-record.ts';
import { findEngine, isInUse, useEngine } from './engine-store.ts';
import { buildTools, runtimeTools } from './find-tools.ts';
import { provideTools } from './install-packages.ts';
import { makeEngine } from './make-engine.ts';
import type { SetupRequest } from './setup-request.ts';
import { findWantedEngine } from './wanted-engine.ts';
import { type Backend, type BundledModel, readModel } from './whisper-data.ts';

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
  const wanted = await findWantedEngine(request);
  const current = isForced ? undefined : await findEngine(paths, wanted.keys);
  await provideTools(current === undefined ? [...runtimeTools, ...buildTools] : runtimeTools, request);

  const { engine, logFile } =
    current === undefined ? await makeEngine(request, wanted) : { engine: current, logFile: undefined };
  if (!(await isInUse(paths, engine))) await useEngine(paths, engine);
  const model = request.model === undefined ? undefined : await provideModel(request.model, paths);

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

const fileProblems: Record<string, { exitCode: ExitCode; hint: string }> = {
  ENOSPC: { exitCode: exitCodes.ioError, hint: 'Make room on that disk, then run the same command again.' },
  EDQUOT: { exitCode: exitCodes.ioError, hint: 'Make room in your quota, then run the same command again.' },
  EROFS: { exitCode: exitCodes.ioError, hint: 'Set STT_DATA_DIR to a directory that can be written.' },
  EIO: { exitCode: exitCodes.ioError, hint: 'Check that disk.' },
  EACCES: { exitCode: exitCodes.noPermission, hint: 'Set STT_DATA_DIR to a directory that this user may write.' },
  EPERM: { exitCode: exitCodes.noPermission, hint: 'Set STT_DATA_DIR to a directory that this user may write.' },
  ENOTDIR: { exitCode: exitCodes.ioError, hint: 'Set STT_DATA_DIR to a directory.' },
  EEXIST: { exitCode: exitCodes.ioError, hint: 'Set STT_DATA_DIR to a directory.' },
};

/** Ctrl-C and what the file system refuses are no bugs: they get a message of their own. */
function explainFailure(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return new AppError('Set-up was interrupted; nothing is left running.', {
      code: 'STT_INTERRUPTED',
      hint: 'Run the same command again: it goes on where it stopped.',
      exitCode: exitCodes.interrupted,
      cause: error,
    });
  }
  const problem = fileProblems[systemErrorCode(error) ?? ''];
  if (error instanceof AppError || problem === undefined) return error;
  return new AppError(`A file could not be read or written: ${messageOf(error)}.`, {
    code: 'STT_SETUP_FILES',
    hint: problem.hint,
    exitCode: problem.exitCode,
    cause: error,
  });
}
