/** What lies in the models folder: of the catalogue, half downloaded, and somebody's own. Only looks; reads no model. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../app-error.ts';
import { partOf } from '../download/download-part.ts';
import { type Catalogue, type CatalogueModel, plainName } from './model-catalogue.ts';
import { knownVerification } from './verify-model.ts';

export type ModelState =
  | 'absent'
  /** An interrupted download, or one that runs. */
  | 'partial'
  /** There, and not read yet. */
  | 'downloaded'
  | 'verified'
  | 'wrong';

export type ListedModel = {
  name: string;
  file: string;
  /** Undefined: not of the catalogue. */
  model: CatalogueModel | undefined;
  state: ModelState;
  /** On the disk, of a part too. */
  sizeBytes: number;
  isInUse: boolean;
};

/** @param inUse the files that the settings name. @returns the catalogue in its order, then the others by name. */
export async function listModels(
  catalogue: Catalogue,
  modelsFolder: string,
  inUse: readonly string[],
): Promise<ListedModel[]> {
  const used = new Set(inUse.map((file) => path.resolve(file)));
  const listed: ListedModel[] = [];
  for (const model of catalogue) {
    const file = path.join(modelsFolder, model.file);
    const found = await lookAt(file, catalogue, modelsFolder);
    listed.push({ name: model.name, file, model, ...found, isInUse: used.has(file) });
  }
  for (const file of await ownModels(catalogue, modelsFolder)) {
    const found = await lookAt(file, catalogue, modelsFolder);
    listed.push({ name: plainName(path.basename(file)), file, model: undefined, ...found, isInUse: used.has(file) });
  }
  return listed;
}

async function lookAt(
  file: string,
  catalogue: Catalogue,
  modelsFolder: string,
): Promise<{ state: ModelState; sizeBytes: number }> {
  const sizeBytes = await sizeOf(file);
  if (sizeBytes !== undefined) {
    const known = await knownVerification(file, { catalogue, modelsFolder });
    const state = known?.kind === 'verified' || known?.kind === 'wrong' ? known.kind : 'downloaded';
    return { state, sizeBytes };
  }
  const partBytes = await sizeOf(partOf(file).file);
  return partBytes === undefined ? { state: 'absent', sizeBytes: 0 } : { state: 'partial', sizeBytes: partBytes };
}

async function ownModels(catalogue: Catalogue, modelsFolder: string): Promise<string[]> {
  const known = new Set(catalogue.map(({ file }) => file));
  const names = await namesIn(modelsFolder);
  return names
    .filter((name) => /^ggml-.+\.bin$/u.test(name) && !known.has(name))
    .toSorted()
    .map((name) => path.join(modelsFolder, name));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
