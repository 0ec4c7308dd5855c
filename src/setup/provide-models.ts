/** Brings the models that a set-up plans: downloaded or unpacked, verified, or verified only. */
import { AppError, messageOf } from '../app-error.ts';
import { fileDigest } from '../download/file-digest.ts';
import { showDownload } from '../download/show-download.ts';
import { exitCodes } from '../exit-codes.ts';
import { downloadModel } from '../models/download-model.ts';
import { readCatalogue } from '../models/model-catalogue.ts';
import { verifyModel } from '../models/verify-model.ts';
import type { ProofModel } from './engines/sample-bench.ts';
import type { PlannedModel } from './plan-models.ts';
import type { SetupWishes } from './setup-request.ts';

export type ProvidedModel = ProofModel & {
  /** Not there before. */
  isNew: boolean;
  /** For people: what it is good for, or that nobody knows. */
  purpose: string;
};

/** @throws AppError where it cannot be had, or is not the right one. */
export async function provideModel(planned: PlannedModel, wishes: SetupWishes): Promise<ProvidedModel> {
  const { known, name, file } = planned;
  const { clock, signal, paths, proxy, modelBaseUrl } = wishes;
  if (known === undefined) return provideOwn(planned, wishes);
  using shown = showDownload(name, clock);
  const { outcome, hasReplaced } = await downloadModel({
    model: known,
    modelsFolder: paths.models,
    baseUrl: modelBaseUrl,
    proxy,
    clock,
    signal,
    onProgress: shown.onProgress,
    onVerify: shown.onVerify,
  });
  if (hasReplaced) wishes.say(`What was called ${file} was not that model; it is gone.`);
  const sha256 = known.sha256 ?? (await fileDigest(file, 'sha256', 'hex'));
  return { name, file, sha256, isNew: outcome !== 'there', purpose: known.purpose };
}

async function provideOwn({ name, file }: PlannedModel, { paths, signal }: SetupWishes): Promise<ProvidedModel> {
  const verified = await verifyModel(file, { catalogue: readCatalogue(), modelsFolder: paths.models, signal });
  if (verified.kind === 'unknown') {
    return { name, file, sha256: verified.sha256, isNew: false, purpose: 'a file of your own, not in the catalogue' };
  }
  if (verified.kind === 'verified' && verified.model.sha256 !== undefined) {
    return { name, file, sha256: verified.model.sha256, isNew: false, purpose: verified.model.purpose };
  }
  throw new AppError(`${file} has the name of a model of the catalogue, but is not that model.`, {
    code: 'STT_MODEL_DAMAGED',
    hint: `Get it anew with "stt models download ${name}", or give it another name.`,
    exitCode: exitCodes.config,
  });
}

/** Detection of voice activity makes transcripts better; without it there are transcripts all the same. */
export async function tryProvideVad(planned: PlannedModel, wishes: SetupWishes): Promise<ProvidedModel | undefined> {
  try {
    return await provideModel(planned, wishes);
  } catch (error) {
    if (!(error instanceof AppError) || wishes.signal.aborted) throw error;
    wishes.say(`Voice activity detection stays off for now: ${messageOf(error)}`);
    wishes.say(`  Later: "stt models download ${planned.name}".`);
    return undefined;
  }
}
