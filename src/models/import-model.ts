/** A model that somebody brought on a disk: copied into the models folder once its digest is the right one. The file stays where it is. */
import { chmod, constants, copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf } from '../app-error.ts';
import { syncDirectory } from '../atomic-file.ts';
import type { Clock } from '../clock.ts';
import { withDownloadLock } from '../download/download-lock.ts';
import { partOf } from '../download/download-part.ts';
import { algorithmOf, digestName, fileDigest, hexOf } from '../download/file-digest.ts';
import { exitCodes } from '../exit-codes.ts';
import { requireRoom } from './disk-room.ts';
import type { ModelPlace, ProvidedModel } from './download-model.ts';
import { keepVerified, verifyModel } from './verify-model.ts';

export type ModelImport = ModelPlace & {
  /** The file, or a folder in which it has its own name. */
  from: string;
  clock: Clock;
  signal: AbortSignal;
  onVerify?: ((readBytes: number, totalBytes: number) => void) | undefined;
};

/** @throws AppError STT_MODEL_WRONG where it is another file, STT_NO_FILE where it cannot be read; what was there before stays then. */
export async function importModel(request: ModelImport): Promise<ProvidedModel> {
  const { model, modelsFolder, clock, signal, onVerify } = request;
  const file = path.join(modelsFolder, model.file);
  const source = await sourceOf(request);
  if (source.sizeBytes !== model.sizeBytes) {
    throw wrongSource(request, source.file, `it has ${source.sizeBytes} bytes instead of ${model.sizeBytes}`);
  }
  const present = await verifyModel(file, { catalogue: [model], modelsFolder, onProgress: onVerify, signal });
  const provided = { name: model.name, file, hasReplaced: present.kind === 'wrong' };
  if (present.kind === 'verified') return { ...provided, outcome: 'there' };

  await mkdir(modelsFolder, { recursive: true });
  await requireRoom(modelsFolder, model.name, model.sizeBytes);
  await withDownloadLock(file, clock.now(), async () => {
    const aside = importOf(file);
    try {
      // A clone where the file system can, which takes neither time nor room.
      await copyFile(source.file, aside, constants.COPYFILE_FICLONE);
      await chmod(aside, 0o644);
      signal.throwIfAborted();
      // The copy, since that is what will be loaded.
      const found = await fileDigest(aside, algorithmOf(model), 'hex', {
        onRead: (readBytes) => onVerify?.(readBytes, model.sizeBytes),
        signal,
      });
      if (found !== hexOf(model)) throw wrongSource(request, source.file, `its ${digestName(model)} is ${found}`);
      await putInPlace(aside, file);
    } finally {
      await rm(aside, { force: true });
    }
    // Of a download that is not needed any more.
    await partOf(file).remove();
  });
  await keepVerified(file, model, modelsFolder);
  return { ...provided, outcome: 'imported' };
}

/** The copy, until it is verified. */
export const importOf = (file: string): string => `${file}.import`;

async function sourceOf({ from, model }: ModelImport): Promise<{ file: string; sizeBytes: number }> {
  try {
    const given = await stat(from);
    if (!given.isDirectory()) return { file: from, sizeBytes: given.size };
    const file = path.join(from, model.file);
    return { file, sizeBytes: (await stat(file)).size };
  } catch (error) {
    throw new AppError(`${model.name} cannot be read from ${from}: ${messageOf(error)}.`, {
      code: 'STT_NO_FILE',
      hint: `Name the file ${model.file}, or the folder that it lies in.`,
      exitCode: exitCodes.noInput,
      cause: error,
    });
  }
}

async function putInPlace(aside: string, file: string): Promise<void> {
  const handle = await open(aside, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
  await syncDirectory(path.dirname(file));
}

function wrongSource({ model }: ModelImport, source: string, what: string): AppError {
  return new AppError(`${source} is not the model ${model.name}: ${what}.`, {
    code: 'STT_MODEL_WRONG',
    hint: `Expected ${digestName(model)} ${hexOf(model)}. Nothing was kept. Download it again from the official place.`,
    exitCode: exitCodes.data,
  });
}
