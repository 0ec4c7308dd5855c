/**
 * Whether a model is the very file that the catalogue knows, and so the one for voice activity detection. A model of the user's own is
 * taken as it is. Whether the engine can load it is seen with the sample.
 */
import { stat } from 'node:fs/promises';
import { exitCodes } from '../../exit-codes.ts';
import { type Catalogue, type CatalogueModel, readCatalogue } from '../../models/model-catalogue.ts';
import { knownVerification, type Verification, verifyModel } from '../../models/verify-model.ts';
import { type Checked, fail, ok, warn } from '../finding.ts';
import { inOwnFolder } from '../own-folder.ts';
import { describeBytes } from './check-memory.ts';

export type ModelSeen = {
  sizeBytes: number;
  /** Undefined: not in the catalogue, or nobody looked. */
  known: CatalogueModel | undefined;
  /** Of what was read; undefined where nobody knows. */
  sha256: string | undefined;
};

export type ModelLook = {
  /** It is there. */
  file: string;
  modelsFolder: string;
  shortPath: (file: string) => string;
  /** False: nothing is read; what an earlier look found out is told, if the file has not changed since. */
  isRead: boolean;
  /** 0 to 1. */
  onProgress?: (fraction: number) => void;
  signal: AbortSignal;
};

/** @throws a system error where it cannot be read. */
export async function checkModel(look: ModelLook): Promise<Checked<ModelSeen>> {
  const { size } = await stat(look.file);
  const verification = await verify(look, readCatalogue());
  return judgeModel(verification, `${look.shortPath(look.file)}, ${describeBytes(size)}`, size);
}

/** The disk may have lost bits since it was read before: it is read again, and nothing is kept of that. */
function verify(look: ModelLook, catalogue: Catalogue): Promise<Verification | undefined> {
  const { file, modelsFolder, isRead, onProgress, signal } = look;
  if (!isRead) return knownVerification(file, { catalogue, modelsFolder });
  return inOwnFolder((folder) =>
    verifyModel(file, {
      catalogue,
      modelsFolder: folder,
      isThorough: true,
      onProgress: (readBytes, totalBytes) => onProgress?.(readBytes / totalBytes),
      signal,
    }),
  );
}

/** @param found its name and size. @param verification undefined: nobody has read it. */
export function judgeModel(
  verification: Verification | undefined,
  found: string,
  sizeBytes: number,
): Checked<ModelSeen> {
  const nothing: ModelSeen = { sizeBytes, known: undefined, sha256: undefined };
  if (verification === undefined) return ok(`${found}; not read (--quick)`, nothing);
  if (verification.kind === 'verified') {
    const { model } = verification;
    return ok(`${found}, is ${model.name} of the catalogue`, { ...nothing, known: model, sha256: model.sha256 });
  }
  if (verification.kind === 'unknown') {
    const fix = 'Nothing to do for a model of your own. The others are known by their bytes: "stt models list".';
    return warn(`${found}: not in the catalogue, so that nobody knows whether it is whole`, fix, {
      ...nothing,
      sha256: verification.sha256,
    });
  }
  if (verification.kind === 'missing')
    return fail(`${found}: it is gone`, again('NAME'), 'STT_MODEL_MISSING', exitCodes.config);
  const { model, expected, found: actual } = verification;
  const differs = `${found}: damaged, or another one than its name says (${actual}; it should be ${expected})`;
  return fail(differs, again(model.name), 'STT_MODEL_DAMAGED', exitCodes.config);
}

const again = (name: string): string => `Download it again with "stt models download ${name}".`;
