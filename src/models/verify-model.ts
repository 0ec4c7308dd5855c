/**
 * Whether a model file is the one that the catalogue means, by its digest. Reading gigabytes takes a while, so that what was found is
 * kept in `verified.json` in the models folder, for as long as the file is not touched.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../app-error.ts';
import {
  algorithmOf,
  digestName,
  fileDigest,
  hexOf,
  type KnownDigest,
  type ReadOptions,
} from '../download/file-digest.ts';
import { type Catalogue, type CatalogueModel, findModel } from './model-catalogue.ts';
import { inTheWay } from './bundled-model.ts';
import { openKeptDigests } from './kept-digests.ts';

export type Verification =
  | { kind: 'verified'; model: CatalogueModel }
  /** Not of the catalogue: somebody's own. */
  | { kind: 'unknown'; sha256: string }
  /** It is called like a model of the catalogue and is another one, or damaged; for people: what differs. */
  | { kind: 'wrong'; model: CatalogueModel; expected: string; found: string }
  | { kind: 'missing' };

export type VerifyOptions = {
  catalogue: Catalogue;
  /** Where `verified.json` lies. */
  modelsFolder: string;
  /** Read the file again, also where it has not been touched: a disk may lose bits. */
  isThorough?: boolean;
  onProgress?: ((readBytes: number, totalBytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
};

/** A file of any name: one that is called like no model of the catalogue is looked for by its SHA-256. */
export async function verifyModel(file: string, options: VerifyOptions): Promise<Verification> {
  const { catalogue } = options;
  const sizeBytes = await sizeOf(file);
  if (sizeBytes === undefined) return { kind: 'missing' };
  const model = findModel(catalogue, path.basename(file));
  if (model === undefined) {
    const sha256 = await digestOf(file, 'sha256', sizeBytes, options);
    const same = catalogue.find((candidate) => candidate.sha256 === sha256);
    return same === undefined ? { kind: 'unknown', sha256 } : { kind: 'verified', model: same };
  }
  // Told without reading it.
  if (sizeBytes !== model.sizeBytes) return wrong(model, `${model.sizeBytes} bytes`, `${sizeBytes} bytes`);
  const found = await digestOf(file, algorithmOf(model), sizeBytes, options);
  if (found === hexOf(model)) return { kind: 'verified', model };
  return wrong(model, `${digestName(model)} ${hexOf(model)}`, found);
}

/** What is known without reading the file; undefined where it would have to be read. */
export async function knownVerification(
  file: string,
  { catalogue, modelsFolder }: Pick<VerifyOptions, 'catalogue' | 'modelsFolder'>,
): Promise<Verification | undefined> {
  const model = findModel(catalogue, path.basename(file));
  const sizeBytes = await sizeOf(file);
  if (sizeBytes === undefined) return { kind: 'missing' };
  const isWrongSize = model !== undefined && sizeBytes !== model.sizeBytes;
  const kept = openKeptDigests(modelsFolder);
  const algorithm = model === undefined ? 'sha256' : algorithmOf(model);
  if (!isWrongSize && (await kept.find(file, algorithm)) === undefined) return undefined;
  return verifyModel(file, { catalogue, modelsFolder });
}

/** Keeps what somebody has just found out about a file; it is not read. */
export async function keepVerified(file: string, known: KnownDigest, modelsFolder: string): Promise<void> {
  const kept = openKeptDigests(modelsFolder);
  const mark = await kept.markOf(file);
  await kept.keep(file, algorithmOf(known), hexOf(known), mark);
}

async function digestOf(
  file: string,
  algorithm: 'sha256' | 'sha1',
  sizeBytes: number,
  { modelsFolder, isThorough, onProgress, signal }: VerifyOptions,
): Promise<string> {
  const kept = openKeptDigests(modelsFolder);
  const earlier = isThorough === true ? undefined : await kept.find(file, algorithm);
  if (earlier !== undefined) return earlier;
  const mark = await kept.markOf(file);
  const reading: ReadOptions = { onRead: (readBytes) => onProgress?.(readBytes, sizeBytes), signal };
  const digest = await fileDigest(file, algorithm, 'hex', reading);
  // Of a file that changed meanwhile nothing is known.
  if ((await kept.markOf(file)) === mark) await kept.keep(file, algorithm, digest, mark);
  return digest;
}

const wrong = (model: CatalogueModel, expected: string, found: string): Verification => ({
  kind: 'wrong',
  model,
  expected,
  found,
});

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file);
    // Reading a pipe or a device might never end.
    if (!found.isFile()) throw inTheWay(file, found.isDirectory() ? 'a directory' : 'no regular file');
    return found.size;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}
