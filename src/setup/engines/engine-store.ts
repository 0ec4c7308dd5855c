/**
 * The folder of engines. An engine is built where it stays: `engines/cpu-1.9.5-1a2b3c4d/` holds whisper.cpp's tree, `build/` in it,
 * `source.json` once the source is complete, `engine.json` once the engine is. The link `whisper/whisper.cpp` says which is in use.
 */
import { constants } from 'node:fs';
import { access, lstat, mkdir, readdir, readFile, realpath, rename, rm, stat, symlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { AppError, systemErrorCode } from '../../app-error.ts';
import { syncDirectory, writeFileAtomic } from '../../atomic-file.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { exitCodes } from '../../exit-codes.ts';
import { type EngineRecord, engineRecordSchema, type SourceRecord, sourceRecordSchema } from './engine-record.ts';
import { backends } from '../../backend.ts';

export type Engine = { folder: string; record: EngineRecord };
export type UnfinishedEngine = { folder: string; record: SourceRecord };

const engineFile = 'engine.json';
const sourceFile = 'source.json';
const stagingPrefix = '.staging-';

const programExtension = process.platform === 'win32' ? '.exe' : '';

export const binary = (engineFolder: string, name: string): string =>
  path.join(engineFolder, 'build', 'bin', name + programExtension);

/** Folders that this program made; anything else in there is not touched. */
function isEngineName(name: string): boolean {
  return prefixes.some((prefix) => name.startsWith(`${prefix}-`)) && /-[0-9a-f]{8}(-\d+)?$/u.test(name);
}

const prefixes = [...backends, 'adopted'];

export function engineFolderName({ backend, source, key }: SourceRecord): string {
  return `${source.kind === 'adopted' ? 'adopted' : backend}-${source.version}-${key.slice(0, 8)}`;
}

/** The folders that this program made. */
export async function engineNames(paths: DataPaths): Promise<string[]> {
  return (await folderNames(paths.engines)).filter(isEngineName);
}

async function folderNames(engines: string): Promise<string[]> {
  try {
    return (await readdir(engines)).toSorted();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Undefined where the record is missing, cut, or of another shape: then the step it stands for is not done. */
async function readRecord<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError || noRecord.has(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}

const noRecord = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}

/** Of these programs, the ones that are not there, are empty, or may not be started. */
export async function findBroken(folder: string, targets: readonly string[]): Promise<string[]> {
  const areWhole = await Promise.all(targets.map((target) => isProgram(binary(folder, target))));
  return targets.filter((_, index) => !areWhole[index]);
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    const info = await stat(file);
    return info.isFile() && info.size > 0;
  } catch {
    return false;
  }
}

/** Undefined where it is not complete. */
export async function readEngine(folder: string): Promise<Engine | undefined> {
  const record = await readEngineRecord(folder);
  if (record === undefined) return undefined;
  return (await findBroken(folder, record.targets)).length === 0 ? { folder, record } : undefined;
}

/** What was written when it was complete; its programs may be gone since. */
export function readEngineRecord(folder: string): Promise<EngineRecord | undefined> {
  return readRecord(path.join(folder, engineFile), engineRecordSchema);
}

export function readSourceRecord(folder: string): Promise<SourceRecord | undefined> {
  return readRecord(path.join(folder, sourceFile), sourceRecordSchema);
}

/** The complete engine with the first of these keys that there is one for: one that was proven, else the newest. */
export async function findEngine(paths: DataPaths, keys: readonly string[]): Promise<Engine | undefined> {
  const names = await engineNames(paths);
  const engines = await Promise.all(names.map((name) => readEngine(path.join(paths.engines, name))));
  const best = engines.filter((engine) => engine !== undefined).toSorted(bestFirst);
  return keys.map((key) => best.find(({ record }) => record.key === key)).find((engine) => engine !== undefined);
}

function bestFirst({ record: one }: Engine, { record: other }: Engine): number {
  const proven = Number(other.proof !== undefined) - Number(one.proof !== undefined);
  return proven === 0 ? other.builtAt.localeCompare(one.builtAt, 'en') : proven;
}

async function readUnfinished(folder: string): Promise<UnfinishedEngine | undefined> {
  const record = await readSourceRecord(folder);
  return record === undefined || (await readEngine(folder)) !== undefined ? undefined : { folder, record };
}

/** A folder whose source is complete, but whose build is not. The engine in use, if it is damaged, may work all the same: it is left alone. */
export async function findUnfinished(paths: DataPaths, keys: readonly string[]): Promise<UnfinishedEngine | undefined> {
  for (const name of await engineNames(paths)) {
    const unfinished = await readUnfinished(path.join(paths.engines, name));
    if (unfinished === undefined || !keys.includes(unfinished.record.key)) continue;
    if (!(await isInUse(paths, unfinished.folder))) return unfinished;
  }
  return undefined;
}

/**
 * What an interrupted set-up left that is of no use: unpacked halves.
 * @param distrusted Keys of which unfinished engines, and those that never transcribed, are of no use either.
 */
async function findUseless(paths: DataPaths, distrusted: readonly string[]): Promise<string[]> {
  const isUseless = async (name: string): Promise<boolean> => {
    if (name.startsWith(stagingPrefix)) return true;
    const folder = path.join(paths.engines, name);
    if (!isEngineName(name) || (await isInUse(paths, folder))) return false;
    if (!(await exists(path.join(folder, sourceFile)))) return true;
    const engine = await readEngine(folder);
    const key = engine === undefined ? (await readSourceRecord(folder))?.key : engine.record.key;
    return engine?.record.proof === undefined && key !== undefined && distrusted.includes(key);
  };
  const names = await folderNames(paths.engines);
  const areUseless = await Promise.all(names.map(isUseless));
  return names.filter((_, index) => areUseless[index]);
}

/** Removes what is of no use; see `findUseless`. Call with the lock held. */
export async function sweepUseless(paths: DataPaths, distrusted: readonly string[]): Promise<void> {
  for (const name of await findUseless(paths, distrusted)) {
    await rm(path.join(paths.engines, name), { recursive: true, force: true });
  }
}

/** The source in an unfinished folder may be damaged: the next sweep takes it. */
export async function distrustSource(folder: string): Promise<void> {
  await rm(path.join(folder, sourceFile), { recursive: true, force: true });
}

/** A fresh folder beside the engines, for unpacking; renaming out of it is cheap and atomic. */
export async function makeStaging(paths: DataPaths): Promise<string> {
  const folder = path.join(paths.engines, `${stagingPrefix}${process.pid}`);
  await mkdir(folder, { recursive: true });
  return folder;
}

/**
 * Where a new engine goes. Where one of that name stands already (a forced build), it gets a number.
 * @param distrusted Keys of which unfinished engines are swept before.
 */
export async function newEngineFolder(
  paths: DataPaths,
  record: SourceRecord,
  distrusted: readonly string[],
): Promise<string> {
  const useless = await findUseless(paths, distrusted);
  const taken = new Set((await folderNames(paths.engines)).filter((name) => !useless.includes(name)));
  const name = engineFolderName(record);
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}-${number}`;
  return path.join(paths.engines, free);
}

/** Moves a complete tree to its place. */
export async function placeSource(paths: DataPaths, tree: string, record: SourceRecord): Promise<UnfinishedEngine> {
  const folder = await newEngineFolder(paths, record, []);
  // These names are ours: what a source brings of them would be taken for a record or a build that went before.
  for (const name of [sourceFile, engineFile, 'build']) {
    await rm(path.join(tree, name), { recursive: true, force: true });
  }
  await rename(tree, folder);
  await writeSourceRecord(folder, record);
  return { folder, record };
}

export async function writeSourceRecord(folder: string, record: SourceRecord): Promise<void> {
  await writeFileAtomic(path.join(folder, sourceFile), `${JSON.stringify(record, null, 2)}\n`);
}

/** The last step of a build, and what is known of the engine later: that it was proven. */
export async function completeEngine(folder: string, record: EngineRecord): Promise<Engine> {
  await writeFileAtomic(path.join(folder, engineFile), `${JSON.stringify(record, null, 2)}\n`);
  return { folder, record };
}

export async function isInUse(paths: DataPaths, engineFolder: string): Promise<boolean> {
  try {
    return (await realpath(paths.whisperCpp)) === (await realpath(engineFolder));
  } catch {
    return false;
  }
}

/** Whether there is an engine in use, whichever. */
export async function hasEngineInUse(paths: DataPaths): Promise<boolean> {
  try {
    await realpath(paths.whisperCpp);
    return true;
  } catch {
    return false;
  }
}

/** @throws AppError STT_ENGINE_LINK, before anything is built, where the link cannot take its place. */
export async function refuseBlockedLink(paths: DataPaths): Promise<void> {
  if (await isRealDirectory(paths.whisperCpp)) throw await linkIsBlocked(paths);
}

/** Itself; not a link to one. */
export async function isRealDirectory(folder: string): Promise<boolean> {
  try {
    return (await lstat(folder)).isDirectory();
  } catch {
    return false;
  }
}

/** Switches the link in one step: who looks finds the old engine or the new one, never none. (On Windows, in two.) */
export async function useEngine(paths: DataPaths, engine: Engine): Promise<void> {
  const parent = path.dirname(paths.whisperCpp);
  await mkdir(parent, { recursive: true });
  const link = path.join(parent, `.whisper.cpp-${process.pid}`);
  await rm(link, { force: true });
  // A relative link counts from where it really lies: the parent may be a link to another disk.
  const target = path.relative(await realpath(parent), await realpath(engine.folder));
  // A junction, which Windows lets anybody make; elsewhere the word means nothing. Nothing there replaces one in one step.
  await symlink(target, link, 'junction');
  if (process.platform === 'win32') await unlink(paths.whisperCpp).catch(() => {});
  try {
    await rename(link, paths.whisperCpp);
  } catch (error) {
    await rm(link, { force: true });
    throw (await isRealDirectory(paths.whisperCpp)) ? await linkIsBlocked(paths, error) : error;
  }
  await syncDirectory(parent);
}

async function linkIsBlocked({ whisperCpp }: DataPaths, cause?: unknown): Promise<AppError> {
  const isEngine = await isProgram(binary(whisperCpp, 'whisper-cli'));
  const adopt = `Make it one of the engines with "stt setup --adopt ${whisperCpp}", or move it away`;
  return new AppError(`${whisperCpp} is a directory of its own; the link to the engine cannot take its place.`, {
    code: 'STT_ENGINE_LINK',
    hint: `${isEngine ? adopt : 'Move it away'}; then run "stt setup" again.`,
    exitCode: exitCodes.config,
    cause,
  });
}

/** After a forced build: engines that were the same, and are replaced. */
export async function removeReplaced(paths: DataPaths, engine: Engine): Promise<void> {
  const name = engineFolderName(engine.record);
  for (const other of await folderNames(paths.engines)) {
    const isSame = other === name || (other.startsWith(`${name}-`) && isEngineName(other));
    const folder = path.join(paths.engines, other);
    if (isSame && folder !== engine.folder) await rm(folder, { recursive: true, force: true });
  }
}
