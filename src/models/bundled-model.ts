/** Brings a bundled model into the models folder: unpacks it, and lets nothing stay there that is not the very file. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { createHash } from 'node:crypto';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { writeFileAtomic } from '../atomic-file.ts';
import { exitCodes } from '../exit-codes.ts';
import { fileDigest } from '../download/file-digest.ts';
import type { Model } from './model-catalogue.ts';

export type InstalledModel = { file: string; isNew: boolean };

export async function installBundledModel(model: Model, modelsFolder: string): Promise<InstalledModel> {
  const file = path.join(modelsFolder, model.file);
  if (await isWhole(file, model)) return { file, isNew: false };
  const bytes = await readBundled(model);
  await mkdir(modelsFolder, { recursive: true });
  await writeFileAtomic(file, bytes);
  return { file, isNew: true };
}

async function isWhole(file: string, model: Model): Promise<boolean> {
  try {
    return (await fileDigest(file, 'sha256', 'hex')) === model.sha256;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return false;
    throw code === 'EISDIR' ? inTheWay(file, 'a directory', error) : error;
  }
}

export function inTheWay(file: string, what: 'a directory' | 'no regular file', cause?: unknown): AppError {
  return new AppError(`${file} is ${what}; the model cannot take its place.`, {
    code: 'STT_MODEL_BLOCKED',
    hint: 'Move it away, then run the same command again.',
    exitCode: exitCodes.config,
    cause,
  });
}

async function readBundled(model: Model): Promise<Buffer> {
  const compressed = await readFile(model.bundled).catch((error: unknown) => damaged(model, messageOf(error), error));
  const bytes = await promisify(gunzip)(compressed, { maxOutputLength: model.sizeBytes }).catch((error: unknown) =>
    damaged(model, messageOf(error), error),
  );
  if (createHash('sha256').update(bytes).digest('hex') !== model.sha256) damaged(model, 'its SHA-256 differs');
  return bytes;
}

function damaged(model: Model, reason: string, cause?: unknown): never {
  throw new AppError(`The bundled model ${model.bundled} is damaged: ${reason}.`, {
    code: 'STT_MODEL_DAMAGED',
    hint: 'Install stt again, or restore that file from its repository.',
    exitCode: exitCodes.data,
    cause,
  });
}
