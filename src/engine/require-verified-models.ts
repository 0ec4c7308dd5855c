/**
 * Nothing unverified is loaded: a model that is called like one of the catalogue is that very file. Whoever has a model of their own gives it
 * another name. Reads a file once, and again when it was touched.
 */
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Catalogue } from '../models/model-catalogue.ts';
import { verifyModel } from '../models/verify-model.ts';
import type { Engine } from './find-engine.ts';

export type VerifyModelsOptions = {
  catalogue: Catalogue;
  /** Where it is kept what has been read. */
  modelsFolder: string;
  signal: AbortSignal;
};

/** @throws AppError STT_MODEL_DAMAGED, exit code 78; the signal's reason when it aborts. */
export async function requireVerifiedModels(
  { modelFile, vadModelFile }: Pick<Engine, 'modelFile' | 'vadModelFile'>,
  options: VerifyModelsOptions,
): Promise<void> {
  for (const file of [modelFile, vadModelFile]) {
    if (file === undefined) continue;
    const verification = await verifyModel(file, options);
    if (verification.kind !== 'wrong') continue;
    const { model, expected, found } = verification;
    throw new AppError(
      `The model ${file} is damaged, or another one than its name says: ${found}; it should be ${expected}.`,
      {
        code: 'STT_MODEL_DAMAGED',
        hint: `Download it again with "stt models download ${model.name}"; give a model of your own another name.`,
        exitCode: exitCodes.config,
      },
    );
  }
}
