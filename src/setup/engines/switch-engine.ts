/** `stt setup --use`: another one of the engines that are there becomes the one in use, once it has been seen to work. */
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import { backends } from '../../backend.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { exitCodes } from '../../exit-codes.ts';
import { setupLockFile, withSetupLock } from '../setup-lock.ts';
import { binary, type Engine, isInUse, readEngine, refuseBlockedLink, useEngine } from './engine-store.ts';
import { type ListedEngine, listEngines } from './list-engines.ts';
import { isProven, provideProof, type ProofWanted } from './provide-proof.ts';
import { whyNotStarted } from './why-not-started.ts';

export type SwitchRequest = ProofWanted & {
  paths: DataPaths;
  /** A backend (its newest engine), `adopted` (the newest of those), or the name of an engine's folder. */
  wanted: string;
};

export type SwitchedEngine = {
  engine: Engine;
  /** It was in use already. */
  wasInUse: boolean;
};

/**
 * @throws AppError STT_ENGINE_UNKNOWN, exit code 2, with what there is; STT_ENGINE_BROKEN and others where it does not work here: then
 * the engine in use stays.
 */
export async function switchEngine(request: SwitchRequest): Promise<SwitchedEngine> {
  const { paths, clock, wanted } = request;
  // Told without a lock and a data folder.
  chooseEngine(await listEngines(paths), wanted);
  return withSetupLock(setupLockFile(paths), new Date(clock.now()), async () => {
    await refuseBlockedLink(paths);
    const { folder } = chooseEngine(await listEngines(paths), wanted);
    const found = await readEngine(folder);
    if (found === undefined) throw new Error(`${folder} was complete a moment ago`);
    if (isProven(found, request)) await requireStart(found, request.signal);
    const engine = await provideProof(found, request);
    const wasInUse = await isInUse(paths, folder);
    if (!wasInUse) await useEngine(paths, engine);
    return { engine, wasInUse };
  });
}

/** @param engines the newest first. @throws AppError STT_ENGINE_UNKNOWN. */
export function chooseEngine(engines: readonly ListedEngine[], wanted: string): ListedEngine {
  const named = engines.filter((engine) => engine.name === wanted);
  const kind = engines.filter(({ name, backend }) =>
    wanted === 'adopted' ? name.startsWith('adopted-') : backend === wanted,
  );
  const meant = named.length > 0 ? named : kind;
  // One that is only built may not work here.
  const found = meant.find(({ state }) => state === 'proven') ?? meant.find(isComplete);
  if (found !== undefined) return found;
  const [half] = meant;
  if (half !== undefined) {
    throw unknown(
      `The engine ${half.name} is ${half.state}.`,
      half.backend === undefined || half.name.startsWith('adopted-')
        ? 'Make it anew with "stt setup".'
        : `Finish it with "stt setup --backend ${half.backend}".`,
    );
  }
  const isBackend = backends.some((backend) => backend === wanted);
  const complete = engines.filter(isComplete).map(({ name }) => name);
  const others = complete.length === 0 ? 'There is none yet.' : `There is: ${complete.join(', ')}.`;
  throw isBackend
    ? unknown(`There is no engine for ${wanted}.`, `Build it with "stt setup --backend ${wanted}". ${others}`)
    : unknown(`There is no engine "${wanted}".`, `Name a backend (${backends.join(', ')}), or an engine. ${others}`);
}

const isComplete = ({ state }: ListedEngine): boolean => state === 'proven' || state === 'unproven';

const unknown = (message: string, hint: string): AppError =>
  new AppError(message, { code: 'STT_ENGINE_UNKNOWN', hint, exitCode: exitCodes.usage });

/** It was proven once; since then libraries may have gone. */
async function requireStart({ folder }: Engine, signal: AbortSignal): Promise<void> {
  const file = binary(folder, 'whisper-cli');
  const why = await whyNotStarted(file, signal);
  if (why === undefined) return;
  throw new AppError(`The engine ${path.basename(folder)} does not start any more: ${why}`, {
    code: 'STT_ENGINE_BROKEN',
    hint: 'The engine in use stays. Make this one anew with "stt setup --force".',
    exitCode: exitCodes.unavailable,
  });
}
