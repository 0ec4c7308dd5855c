/**
 * Makes the engine that is wanted and switches to it: lock, source, build, record, proof, link, in this order. Whatever fails on the way,
 * the engine in use stays as it is, and what is complete is used by the next try: an engine that was built and did not work is only
 * tried again.
 */
import { rm } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import { messageOf } from '../../app-error.ts';
import { plainRunOptions } from '../../engine/run-options.ts';
import { buildEngine } from '../build/build-engine.ts';
import { type BuildLog, openBuildLog } from '../build/build-log.ts';
import { chooseVariant, variantBinary } from '../build/build-variants.ts';
import { type CompilerMemory, defaultJobs, type Definitions, readDefinitions } from '../build/cmake-arguments.ts';
import { localDefinitions } from '../build/local-definitions.ts';
import { hasEncoder, provideEncoder } from '../build/provide-encoder.ts';
import { provideOpenvino } from '../build/provide-openvino.ts';
import type { BuildRequest } from '../build/run-cmake.ts';
import { compareVariants } from './compare-variants.ts';
import { describeSource, engineKey, type EngineRecord, type Source } from './engine-record.ts';
import {
  completeEngine,
  distrustSource,
  type Engine,
  findEngine,
  findUnfinished,
  hasEngineInUse,
  isInUse,
  makeStaging,
  placeSource,
  refuseBlockedLink,
  removeReplaced,
  sweepUseless,
  type UnfinishedEngine,
  useEngine,
} from './engine-store.ts';
import { fetchSource } from '../source/fetch-source.ts';
import { notWhisper } from '../source/given-source.ts';
import type { SetupRequest } from '../setup-request.ts';
import { type SetupLock, setupLockFile, withSetupLock } from '../setup-lock.ts';
import { isProven, provideProof } from './provide-proof.ts';
import type { ProofModel } from './sample-bench.ts';
import { unpack } from '../source/unpack.ts';
import type { WantedEngine } from './wanted-engine.ts';
import { copyTree, findWhisperTree, type WhisperTree } from '../source/whisper-tree.ts';

export type MadeEngine = {
  engine: Engine;
  /** Of the build; undefined where nothing was built. */
  logFile: string | undefined;
};

/**
 * The engine that is wanted, where it is complete, proven with this model (by any, where none is wanted) and in use: then there is
 * nothing to do.
 */
export async function findSettledEngine(
  request: SetupRequest,
  wanted: WantedEngine,
  model?: ProofModel,
): Promise<Engine | undefined> {
  const engine = await findMade(request, wanted);
  if (engine === undefined || (await takesItsPlace(engine, request))) return undefined;
  if (request.isBuildOnly === true) return engine;
  if (request.backend === 'openvino' && model !== undefined && !(await hasEncoder(model.file))) return undefined;
  return isProven(engine, { model, run: request.run }) ? engine : undefined;
}

/**
 * Does nothing where there is nothing to do.
 * @param model which the engine is tried with; undefined: the bundled one.
 */
export async function makeEngine(request: SetupRequest, wanted: WantedEngine, model?: ProofModel): Promise<MadeEngine> {
  const settled = await findSettledEngine(request, wanted, model);
  if (settled !== undefined) return { engine: settled, logFile: undefined };
  const now = new Date(request.clock.now());
  return withSetupLock(setupLockFile(request.paths), now, (lock) => makeAlone(request, wanted, model, lock));
}

/** Whether it is in use, or proven, is another matter. */
export async function findMade({ isForced, paths }: SetupRequest, wanted: WantedEngine): Promise<Engine | undefined> {
  return isForced ? undefined : findEngine(paths, [...wanted.betterKeys, ...wanted.keys]);
}

async function makeAlone(
  request: SetupRequest,
  wanted: WantedEngine,
  model: ProofModel | undefined,
  lock: SetupLock,
): Promise<MadeEngine> {
  const { paths } = request;
  await refuseBlockedLink(paths);
  // Another set-up may have made it meanwhile.
  const made = await findMade(request, wanted);
  const built = made === undefined ? await buildWanted(request, wanted, model, lock) : undefined;
  const complete = made ?? built?.engine;
  if (complete === undefined) throw new Error('neither found nor built');
  if (model !== undefined) await convertModel(complete, request, model, lock);
  const engine = request.isBuildOnly === true ? complete : await provideProof(complete, { ...request, model });
  if (await takesItsPlace(engine, request)) await useEngine(paths, engine);
  if (built !== undefined) await removeReplaced(paths, engine);
  return { engine, logFile: built?.logFile };
}

/** One that has not been tried takes nobody's place. */
async function takesItsPlace({ folder }: Engine, { paths, isBuildOnly }: SetupRequest): Promise<boolean> {
  return isBuildOnly === true ? !(await hasEngineInUse(paths)) : !(await isInUse(paths, folder));
}

/** For OpenVINO alone, whose encoder has a form of its own. */
async function convertModel(engine: Engine, request: SetupRequest, model: ProofModel, lock: SetupLock): Promise<void> {
  const { backend, paths, signal, say, clock } = request;
  if (backend !== 'openvino' || (await hasEncoder(model.file))) return;
  using log = openBuildLog(path.join(paths.logs, `openvino-${model.name}-${stamp(new Date(clock.now()))}.log`));
  const surroundings = { paths, log, signal, onStart: lock.recordGroup, say };
  await provideEncoder(surroundings, { engineFolder: engine.folder, model: model.name, modelFile: model.file });
}

/** What cmake does not find by itself on this machine. */
async function findLocalDefinitions(
  request: SetupRequest,
  model: ProofModel | undefined,
  { log, lock }: { log: BuildLog; lock: SetupLock },
): Promise<Definitions> {
  const { backend, machine, paths, signal, say, definitions } = request;
  const local = localDefinitions(backend, machine);
  if (backend !== 'openvino') return local;
  const surroundings = { paths, log, signal, onStart: lock.recordGroup, say };
  const given = readDefinitions(definitions);
  return { ...local, ...(await provideOpenvino(surroundings, { given, convertsEncoder: model !== undefined })) };
}

/** @returns an engine that is complete, and has not been tried. */
async function buildWanted(
  request: SetupRequest,
  wanted: WantedEngine,
  model: ProofModel | undefined,
  lock: SetupLock,
): Promise<{ engine: Engine; logFile: string }> {
  const { paths, clock, say, signal, machine, backend } = request;
  const now = new Date(clock.now());
  using log = openBuildLog(path.join(paths.logs, `setup-${backend}-${stamp(now)}.log`));
  await sweepUseless(paths, request.isForced ? wanted.keys : []);

  const { folder, record, goesOn } = await provideSource(request, wanted);
  say(`Building ${describeSource(record.source)} for ${backend}. The build's output: ${log.file}`);
  const build: BuildRequest = {
    folder,
    plan: wanted.plan,
    jobs: request.jobs ?? jobsHere(wanted.recipe.memory),
    localDefinitions: await findLocalDefinitions(request, model, { log, lock }),
    cleanBuild: wanted.recipe.cleanBuild,
    os: machine?.os,
    log,
    signal,
    onStart: lock.recordGroup,
    say,
  };
  let variant: EngineRecord['variant'];
  try {
    variant = await keepFastest(await buildEngine(build), build, request, model);
  } catch (error) {
    // Where even a new build fails, it may be what was left of the source: the next set-up brings it anew.
    if (goesOn && !signal.aborted) await distrustSource(folder);
    throw error;
  }

  const { definitions, targets } = wanted.plan;
  const engine = await completeEngine(folder, {
    ...record,
    definitions,
    targets: [...targets],
    given: [...request.definitions],
    ...(variant === undefined ? {} : { variant }),
    builtAt: new Date(clock.now()).toISOString(),
    run: request.run ?? plainRunOptions,
  });
  return { engine, logFile: log.file };
}

/** @param built the variants that there are to choose from; none: the engine is as it is. */
async function keepFastest(
  built: readonly string[],
  build: BuildRequest,
  request: SetupRequest,
  model: ProofModel | undefined,
): Promise<EngineRecord['variant']> {
  const [first] = built;
  if (first === undefined) return undefined;
  if (built.length === 1 || request.isBuildOnly === true) {
    await chooseVariant(build, first);
    return { name: first, seconds: {} };
  }
  const { run = plainRunOptions, choices, signal, say } = request;
  say(`Which is faster here? ${built.join(', ')}`);
  const programs = built.map((name) => ({ name, whisperCli: variantBinary(build.folder, name) }));
  const { fastest, seconds, failed } = await compareVariants(programs, { model, run, choices, signal });
  for (const [name, error] of Object.entries(failed))
    say(`The variant "${name}" does not work here: ${messageOf(error)}`);
  await chooseVariant(build, fastest);
  const times = Object.entries(seconds).map(([name, time]) => `${name} ${time.toFixed(2)} s`);
  noteChoice(build.log, `Kept: ${fastest} (${times.join(', ')})`, say);
  return { name: fastest, seconds };
}

function noteChoice(log: BuildLog, line: string, say: (line: string) => void): void {
  log.write(line);
  say(line);
}

/** `20261122T194500Z` */
const stamp = (now: Date): string => now.toISOString().replaceAll(/[-:]|\.\d+/gu, '');

export function jobsHere(memory?: CompilerMemory): number {
  // Zero or a huge number where no limit is set on this process.
  const limitBytes = process.constrainedMemory() || Infinity;
  return defaultJobs(availableParallelism(), Math.min(totalmem(), limitBytes), memory);
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
