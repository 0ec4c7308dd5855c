/**
 * `stt setup --adopt`: a whisper-cli that somebody built or downloaded becomes the engine in use, once it has been seen to work here. It
 * gets a folder among the engines like one that was built: a release that was unpacked is copied there with the libraries beside it; a
 * package manager's program and one in a build tree stay where they are, behind a link, so that upgrades take effect; and a whisper.cpp
 * that lies where the link to the engine in use belongs is moved.
 */
import { access, copyFile, mkdir, readdir, realpath, rename, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemErrorCode } from '../../app-error.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { fileDigest } from '../../download/file-digest.ts';
import { exitCodes } from '../../exit-codes.ts';
import { setupLockFile, withSetupLock } from '../setup-lock.ts';
import type { EngineRecord, SourceRecord } from './engine-record.ts';
import {
  binary,
  completeEngine,
  type Engine,
  engineFolderName,
  isInUse,
  isRealDirectory,
  makeStaging,
  refuseBlockedLink,
  useEngine,
  writeSourceRecord,
} from './engine-store.ts';
import { findGivenEngine } from './find-given-engine.ts';
import { type GivenEngine, type GivenEngineTrial, tryGivenEngine } from './try-given-engine.ts';

export type AdoptRequest = GivenEngineTrial & {
  paths: DataPaths;
  /** A program, or a folder with one. */
  given: string;
};

/** `copied`, `linked`: see above. */
export type Adoption = 'copied' | 'linked' | 'moved';

export type AdoptedEngine = { engine: Engine; adoption: Adoption };

/** @throws AppError as findGivenEngine, tryGivenEngine and the lock do; nothing has changed then. */
export async function adoptEngine(request: AdoptRequest): Promise<AdoptedEngine> {
  const { paths, clock, given } = request;
  const file = await findGivenEngine(given);
  await refuseOwn(file, paths);
  return withSetupLock(setupLockFile(paths), new Date(clock.now()), async () => {
    const adoption = await chooseAdoption(file, paths);
    if (adoption !== 'moved') await refuseBlockedLink(paths);
    const staging = await makeStaging(paths);
    try {
      const tree = path.join(staging, 'adopted');
      if (adoption !== 'moved') await (adoption === 'copied' ? copyPrograms : linkProgram)(file, tree);
      const found = await tryGivenEngine(adoption === 'moved' ? file : binary(tree, 'whisper-cli'), request);
      const record = await recordOf(file, found, request);
      const engine = await place(adoption === 'moved' ? paths.whisperCpp : tree, record, { paths, staging });
      return { engine, adoption };
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  });
}

async function refuseOwn(file: string, paths: DataPaths): Promise<void> {
  const engines = await realpath(paths.engines).catch(() => path.resolve(paths.engines));
  const inside = path.relative(engines, await realpath(file));
  if (inside.startsWith('..') || path.isAbsolute(inside)) return;
  const [name = ''] = inside.split(path.sep);
  throw new AppError(`${file} is of one of the engines here.`, {
    code: 'STT_ADOPT_OWN',
    hint: `Switch to it with "stt setup --use ${name}".`,
    exitCode: exitCodes.usage,
  });
}

/** What package managers and administrators own. */
const systemFolders = /^(?:\/(?:usr|opt|nix|gnu|snap|home\/linuxbrew|Applications)\/|[A-Z]:\\Program Files)/u;

async function chooseAdoption(file: string, paths: DataPaths): Promise<Adoption> {
  const isDropped = file === binary(path.resolve(paths.whisperCpp), 'whisper-cli');
  if (isDropped && (await isRealDirectory(paths.whisperCpp))) return 'moved';
  // Links need a privilege on Windows.
  if (process.platform === 'win32') return 'copied';
  const isSystems = systemFolders.test(file) || systemFolders.test(await realpath(file));
  return isSystems || (await isInBuildTree(await realpath(file))) ? 'linked' : 'copied';
}

/** Its libraries are found by their full paths there. */
async function isInBuildTree(file: string): Promise<boolean> {
  const above = [1, 2, 3].map((levels) => path.resolve(file, ...Array<string>(levels).fill('..'), 'CMakeCache.txt'));
  const found = await Promise.all(
    above.map((cache) =>
      access(cache).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

async function linkProgram(file: string, tree: string): Promise<void> {
  const link = binary(tree, 'whisper-cli');
  await mkdir(path.dirname(link), { recursive: true });
  await symlink(file, link);
}

/** What a release brings beside the program: libraries, the other programs, shaders. Not what else lies in a folder of downloads. */
const belongsToIt = /^(?:whisper-.+|.+\.(?:dll|dylib|metal|metallib)|.+\.so(?:\.\d+)*)$/u;

async function copyPrograms(file: string, tree: string): Promise<void> {
  const source = await realpath(file);
  const from = path.dirname(source);
  const to = path.dirname(binary(tree, 'whisper-cli'));
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from)) {
    if (!belongsToIt.test(entry)) continue;
    const info = await stat(path.join(from, entry)).catch(() => undefined);
    // A link among libraries may lead nowhere.
    if (info?.isFile() === true) await copyFile(path.join(from, entry), path.join(to, entry));
  }
  // Itself, whatever its name.
  await copyFile(source, binary(tree, 'whisper-cli'));
}

async function recordOf(file: string, found: GivenEngine, { clock }: AdoptRequest): Promise<EngineRecord> {
  const sha256 = await fileDigest(file, 'sha256', 'hex');
  const { version, backend, run, proof } = found;
  return {
    key: sha256,
    backend,
    source: { kind: 'adopted', version, digest: `sha256:${sha256}`, origin: file },
    definitions: {},
    targets: ['whisper-cli'],
    builtAt: new Date(clock.now()).toISOString(),
    run,
    proof,
  };
}

/** Complete before it is in its place, and in use in one step; one that was adopted before gives way. */
async function place(
  tree: string,
  record: EngineRecord,
  { paths, staging }: { paths: DataPaths; staging: string },
): Promise<Engine> {
  const folder = path.join(paths.engines, engineFolderName(record));
  const { key, backend, source }: SourceRecord = record;
  await writeSourceRecord(tree, { key, backend, source });
  await completeEngine(tree, record);
  await moveIfThere(folder, path.join(staging, 'before'));
  await move(tree, folder);
  const engine = { folder, record };
  if (!(await isInUse(paths, folder))) await useEngine(paths, engine);
  return engine;
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemErrorCode(error) !== 'EXDEV') throw error;
    throw new AppError(`${from} lies on another disk than the engines, and cannot be moved to them.`, {
      code: 'STT_ENGINE_LINK',
      hint: 'Move it away yourself, then adopt it from there with "stt setup --adopt PATH".',
      exitCode: exitCodes.config,
      cause: error,
    });
  }
}
