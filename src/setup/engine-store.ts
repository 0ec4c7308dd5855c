/**
 * The folder of engines. An engine is built where it stays: `engines/cpu-1.9.5-1a2b3c4d/` holds whisper.cpp's tree, `build/` in it,
 * `source.json` once the source is complete, `engine.json` once the engine is. The link `whisper/whisper.cpp` says which is in use.
 */
import { access, mkdir, readdir, readFile, realpath, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { AppError, systemErrorCode } from '../app-error.ts';
import { syncDirectory, writeFileAtomic } from '../atomic-file.ts';
import type { DataPaths } from '../config/data-paths.ts';
import { exitCodes } from '../exit-codes.ts';
import { type EngineRecord, engineRecordSchema, type SourceRecord, sourceRecordSchema } from './engine-record.ts';
import { backends } from './whisper-data.ts';

export type Engine = { folder: string; record: EngineRecord };
export type UnfinishedEngine = { folder: string; record: SourceRecord };

const engineFile = 'engine.json';
const sourceFile = 'source.json';
const stagingPrefix = '.staging-';

export const binary = (engineFolder: string, name: string): string => path.join(engineFolder, 'build', 'bin', name);

/** Folders that this program made; anything else in there is not touched. */
function isEngineName(name: string): boolean {
  return backends.some((backend) => name.startsWith(`${backend}-`)) && /-[0-9a-f]{8}(-\d+)?$/u.test(name);
}

export function engineFolderName(record: SourceRecord): string {
  return `${record.backend}-${record.source.version}-${record.key.slice(0, 8)}`;
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
    if (error instanceof SyntaxError || ['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}

async function readEngine(folder: string): Promise<Engine | undefined> {
  const record = await readRecord(path.join(folder, engineFile), engineRecordSchema);
  if (record === undefined) return undefined;
  const present = await Promise.all(record.targets.map((target) => exists(binary(folder, target))));
  return present.every(Boolean) ? { folder, record } : undefined;
}

/** The complete engine with the first of these keys that there is one for. */
export async function findEngine(paths: DataPaths, keys: readonly string[]): Promise<Engine | undefined> {
  const names = (await folderNames(paths.engines)).filter(isEngineName);
  const engines = await Promise.all(names.map((name) => readEngine(path.join(paths.engines, name))));
  return keys.map((key) => engines.find((engine) => engine?.record.key === key)).find((engine) => engine !== undefined);
}

/** A folder whose source is complete, but whose build is not. */
export async function findUnfinished(paths: DataPaths, keys: readonly string[]): Promise<UnfinishedEngine | undefined> {
  for (const name of (await folderNames(paths.engines)).filter(isEngineName)) {
    const folder = path.join(paths.engines, name);
    const record = await readRecord(path.join(folder, sourceFile), sourceRecordSchema);
    if (record === undefined || !keys.includes(record.key)) continue;
    if ((await readEngine(folder)) === undefined) return { folder, record };
  }
  return undefined;
}

/** Removes what an interrupted set-up left that is of no use: unpacked halves. Call with the lock held. */
export async function sweepHalves(paths: DataPaths): Promise<void> {
  for (const name of await folderNames(paths.engines)) {
    const folder = path.join(paths.engines, name);
    const isHalf = isEngineName(name) && !(await exists(path.join(folder, sourceFile)));
    if (isHalf || name.startsWith(stagingPrefix)) await rm(folder, { recursive: true, force: true });
  }
}

/** A fresh folder beside the engines, for unpacking; renaming out of it is cheap and atomic. */
export async function makeStaging(paths: DataPaths): Promise<string> {
  const folder = path.join(paths.engines, `${stagingPrefix}${process.pid}`);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Moves a complete tree to its place. Where an engine of that name stands already (a forced build), it gets a number. */
export async function placeSource(paths: DataPaths, tree: string, record: SourceRecord): Promise<UnfinishedEngine> {
  const taken = await folderNames(paths.engines);
  const name = engineFolderName(record);
  let free = name;
  for (let number = 2; taken.includes(free); number += 1) free = `${name}-${number}`;
  const folder = path.join(paths.engines, free);
  await rename(tree, folder);
  await writeFileAtomic(path.join(folder, sourceFile), `${JSON.stringify(record, null, 2)}\n`);
  return { folder, record };
}

/** The last step of a build. */
export async function completeEngine(folder: string, record: EngineRecord): Promise<Engine> {
  await writeFileAtomic(path.join(folder, engineFile), `${JSON.stringify(record, null, 2)}\n`);
  return { folder, record };
}

export async function isInUse(paths: DataPaths, engine: Engine): Promise<boolean> {
  try {
    return (await realpath(paths.whisperCpp)) === (await realpath(engine.folder));
  } catch {
    return false;
  }
}

/** Switches the link in one step: who looks finds the old engine or the new one, never none. */
export async function useEngine(paths: DataPaths, engine: Engine): Promise<void> {
  const parent = path.dirname(paths.whisperCpp);
  await mkdir(parent, { recursive: true });
  const link = path.join(parent, `.whisper.cpp-${process.pid}`);
  await rm(link, { force: true });
  await symlink(path.relative(parent, engine.folder), link);
  try {
    await rename(link, paths.whisperCpp);
  } catch (error) {
    await rm(link, { force: true });
    if (!['EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(systemErrorCode(error) ?? '')) throw error;
    throw new AppError(`${paths.whisperCpp} is a directory of its own; the link to the engine cannot take its place.`, {
      code: 'STT_ENGINE_LINK',
      hint: 'Move it away, then run "stt setup" again.',
      exitCode: exitCodes.config,
      cause: error,
    });
  }
  await syncDirectory(parent);
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
