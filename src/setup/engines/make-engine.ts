/**
 * Makes the engine that is wanted and switches to it: lock, source, build, record, link, in this order. Whatever fails on the way,
 * the engine in use stays as it is, and what is complete is used by the next try.
 */
import { rm } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import type { DataPaths } from '../../config/data-paths.ts';
import { buildEngine } from '../build/build-engine.ts';
import { openBuildLog } from '../build/build-log.ts';
import { defaultJobs } from '../build/cmake-arguments.ts';
import { describeSource, engineKey, type Source } from './engine-record.ts';
import {
  completeEngine,
  distrustSource,
  type Engine,
  findEngine,
  findUnfinished,
  makeStaging,
  placeSource,
  removeReplaced,
  sweepUseless,
  type UnfinishedEngine,
  useEngine,
} from './engine-store.ts';
import { fetchSource } from '../source/fetch-source.ts';
import { notWhisper } from '../source/given-source.ts';
import type { SetupRequest } from '../setup-request.ts';
import { type SetupLock, withSetupLock } from '../setup-lock.ts';
import { unpack } from '../source/unpack.ts';
import type { WantedEngine } from './wanted-engine.ts';
import { copyTree, findWhisperTree, type WhisperTree } from '../source/whisper-tree.ts';

export type MadeEngine = {
  engine: Engine;
  /** Undefined where another set-up has made the engine meanwhile. */
  logFile: string | undefined;
};

export function makeEngine(request: SetupRequest, wanted: WantedEngine): Promise<MadeEngine> {
  const now = new Date(request.clock.now());
  return withSetupLock(lockFile(request.paths), now, (lock) => makeAlone(request, wanted, now, lock));
}

const lockFile = (paths: DataPaths): string => path.join(paths.folder, 'setup.lock');

async function makeAlone(request: SetupRequest, wanted: WantedEngine, now: Date, lock: SetupLock): Promise<MadeEngine> {
  const { paths, clock, say, signal } = request;
  const made = request.isForced ? undefined : await findEngine(paths, wanted.keys);
  if (made !== undefined) return { engine: made, logFile: undefined };
  using log = openBuildLog(path.join(paths.logs, `setup-${request.backend}-${stamp(now)}.log`));
  await sweepUseless(paths, request.isForced ? wanted.keys : []);

  const { folder, record, goesOn } = await provideSource(request, wanted);
  say(`Building ${describeSource(record.source)} for ${request.backend}. The build's output: ${log.file}`);
  try {
    const jobs = request.jobs ?? jobsHere();
    await buildEngine({ folder, plan: wanted.plan, jobs, log, signal, onStart: lock.recordGroup, say });
  } catch (error) {
    // Where even a new build fails, it may be what was left of the source: the next set-up brings it anew.
    if (goesOn && !signal.aborted) await distrustSource(folder);
    throw error;
  }

  const builtAt = new Date(clock.now()).toISOString();
  const { definitions, targets } = wanted.plan;
  const engine = await completeEngine(folder, { ...record, definitions, targets: [...targets], builtAt });
  await useEngine(paths, engine);
  await removeReplaced(paths, engine);
  return { engine, logFile: log.file };
}

/** `20261122T194500Z` */
const stamp = (now: Date): string => now.toISOString().replaceAll(/[-:]|\.\d+/gu, '');

export function jobsHere(): number {
  // Zero or a huge number where no limit is set on this process.
  const limitBytes = process.constrainedMemory() || Infinity;
  return defaultJobs(availableParallelism(), Math.min(totalmem(), limitBytes));
}

type ProvidedSource = UnfinishedEngine & { goesOn: boolean };

/** A folder with the complete source: one that an interrupted set-up left, or a new one. */
async function provideSource(request: SetupRequest, wanted: WantedEngine): Promise<ProvidedSource> {
  const { paths, say } = request;
  // By force, nothing that is there is trusted, and the release gets another chance before the fallback.
  const begun = request.isForced ? undefined : await findUnfinished(paths, wanted.keys);
  if (begun !== undefined) {
    say(`Going on with the interrupted build in ${begun.folder}.`);
    return { ...begun, goesOn: true };
  }
  const staging = await makeStaging(paths);
  try {
    return { ...(await placeNewSource(request, wanted, staging)), goesOn: false };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function placeNewSource(request: SetupRequest, wanted: WantedEngine, staging: string): Promise<UnfinishedEngine> {
  const { paths, backend, signal } = request;
  const { given, plan } = wanted;
  const place = async (tree: string, source: Source): Promise<UnfinishedEngine> => {
    signal.throwIfAborted();
    return placeSource(paths, tree, { key: engineKey(source.digest, plan), backend, source });
  };

  if (given?.kind === 'tree') {
    const { folder, version } = given.tree;
    const copy = path.join(staging, 'tree');
    await copyTree(folder, copy);
    return place(copy, { kind: 'given', version, digest: given.digest, origin: folder });
  }
  if (given !== undefined) {
    const tree = await unpackTree(given.file, staging);
    const { version } = tree;
    return place(tree.folder, given.pinned ?? { kind: 'given', version, digest: given.digest, origin: given.file });
  }
  const { file, source } = await fetchSource({ ...request, cacheFolder: paths.cache });
  return place((await unpackTree(file, staging)).folder, source);
}

async function unpackTree(archive: string, staging: string): Promise<WhisperTree> {
  await unpack(archive, staging);
  const tree = await findWhisperTree(staging);
  if (tree === undefined) throw notWhisper(archive);
  return tree;
}
