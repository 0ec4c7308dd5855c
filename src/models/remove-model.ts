/** Takes a model out of the models folder, with what a download of it left; not the one that the settings name. */
import type { Stats } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../app-error.ts';
import { partOf } from '../download/download-part.ts';
import { lockOf, refuseWhileDownloading } from '../download/download-lock.ts';
import { exitCodes } from '../exit-codes.ts';
import { inTheWay } from './bundled-model.ts';
import { importOf } from './import-model.ts';
import { openKeptDigests } from './kept-digests.ts';
import { type Catalogue, findModel, plainName, requireModel } from './model-catalogue.ts';

export type Removal = {
  name: string;
  /** Those that are there; none: nothing is to be done. */
  files: readonly string[];
  sizeBytes: number;
};

export type RemovalRequest = {
  /** Of the catalogue, or of somebody's own model in the folder. */
  name: string;
  catalogue: Catalogue;
  modelsFolder: string;
  /** Setting -> the file that it names. */
  inUse: Readonly<Record<string, string>>;
  /** The one in use as well. */
  isForced: boolean;
  nowMs: number;
};

/** Only looks. @throws AppError STT_MODEL_UNKNOWN, STT_MODEL_IN_USE, STT_MODEL_BLOCKED, or STT_DOWNLOAD_RUNNING. */
export async function planRemoval(request: RemovalRequest): Promise<Removal> {
  const { name, modelsFolder, inUse, isForced, nowMs } = request;
  const file = path.join(modelsFolder, await fileNameOf(request));
  const setting = Object.entries(inUse).find(([, used]) => path.resolve(used) === file)?.[0];
  if (setting !== undefined && !isForced) {
    throw new AppError(`The model ${plainName(name)} is in use: ${setting} names it.`, {
      code: 'STT_MODEL_IN_USE',
      hint: `Name another one in ${setting} first, or add --force.`,
      exitCode: exitCodes.usage,
    });
  }
  await refuseWhileDownloading(file, nowMs);
  const files: string[] = [];
  let sizeBytes = 0;
  for (const each of [file, ...partOf(file).files, lockOf(file), importOf(file)]) {
    const bytes = await sizeOf(each);
    if (bytes === undefined) continue;
    files.push(each);
    sizeBytes += bytes;
  }
  return { name: plainName(path.basename(file)), files, sizeBytes };
}

export async function removeModel({ files }: Removal, modelsFolder: string): Promise<void> {
  for (const file of files) {
    await rm(file, { force: true });
    await openKeptDigests(modelsFolder).forget(file);
  }
}

async function fileNameOf({ name, catalogue, modelsFolder }: RemovalRequest): Promise<string> {
  const own = `ggml-${plainName(path.basename(name))}.bin`;
  const isOwn = findModel(catalogue, name) === undefined && (await sizeOf(path.join(modelsFolder, own))) !== undefined;
  return isOwn ? own : requireModel(catalogue, name).file;
}

/** Of a link, its own. */
async function sizeOf(file: string): Promise<number | undefined> {
  const found = await lstatOf(file);
  if (found?.isDirectory() === true) throw inTheWay(file, 'a directory');
  return found?.size;
}

async function lstatOf(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file);
  } catch {
    return undefined;
  }
}
