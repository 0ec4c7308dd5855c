/** Which models a set-up brings: the one that is named, one that is there, or the one that suits the machine. Changes nothing. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf } from '../app-error.ts';
import type { Backend } from '../backend.ts';
import { modelFile } from '../config/data-paths.ts';
import { exitCodes } from '../exit-codes.ts';
import { chooseModel } from '../models/choose-model.ts';
import {
  type Catalogue,
  type CatalogueModel,
  defaultVadModel,
  findModel,
  plainName,
  readCatalogue,
  requireModel,
} from '../models/model-catalogue.ts';
import { knownVerification } from '../models/verify-model.ts';
import type { Gpu, Machine } from './detect/machine.ts';
import type { SetupWishes } from './setup-request.ts';

export type PlannedModel = {
  /** `medium`. */
  name: string;
  file: string;
  /** Undefined: one of the user's own. */
  known: CatalogueModel | undefined;
  /** For people, where we chose it: why. */
  reason?: string;
  /** A file of that name is there; whether it is the right one is seen when it is verified. */
  isThere: boolean;
};

export type PlannedModels = { speech: PlannedModel | undefined; vad: PlannedModel | undefined };

/** The ancestor's, and the default of STT_MODEL. */
const usualModel = 'medium';

export async function planModels(wishes: SetupWishes, machine: Machine, backend: Backend): Promise<PlannedModels> {
  const catalogue = readCatalogue();
  const speech = await planSpeech(wishes, machine, backend, catalogue);
  const isReal = speech !== undefined && speech.known?.bundled === undefined;
  const vad =
    wishes.wantsVad === true && isReal ? await planned(wishes, requireModel(catalogue, defaultVadModel)) : undefined;
  return { speech, vad };
}

async function planSpeech(
  wishes: SetupWishes,
  machine: Machine,
  backend: Backend,
  catalogue: Catalogue,
): Promise<PlannedModel | undefined> {
  const { model } = wishes;
  if (model === undefined) return undefined;
  if (model.kind === 'file') {
    const file = path.resolve(model.file);
    await requireFile(file);
    return { name: plainName(path.basename(file)), file, known: undefined, isThere: true };
  }
  if (model.kind === 'named') {
    const own = modelFile(wishes.paths, model.name);
    if (findModel(catalogue, model.name) === undefined && (await isFile(own))) {
      return { name: model.name, file: own, known: undefined, isThere: true };
    }
    const known = requireModel(catalogue, model.name);
    if (known.kind === 'speech') return planned(wishes, known);
    throw new AppError(`${known.name} only finds where there is speech; it makes no text.`, {
      code: 'STT_MODEL_UNKNOWN',
      hint: 'Name a model for speech: see "stt models list".',
      exitCode: exitCodes.usage,
    });
  }
  const usual = await planned(wishes, requireModel(catalogue, usualModel));
  if (usual.isThere) return usual;
  const chosen = chooseModel({
    // Vulkan without a GPU is the processor.
    backend: backend === 'vulkan' && machine.gpus.length === 0 ? 'cpu' : backend,
    memoryBytes: machine.memoryBytes,
    gpuMemoryBytes: memoryOfCard(machine.gpus, backend),
    physicalCores: machine.cpu.physicalCores,
  });
  return { ...(await planned(wishes, requireModel(catalogue, chosen.name))), reason: chosen.reason };
}

async function planned({ paths }: SetupWishes, known: CatalogueModel): Promise<PlannedModel> {
  const file = path.join(paths.models, known.file);
  // A file of that name which is another one, or damaged, is as good as none.
  const seen = await knownVerification(file, { catalogue: [known], modelsFolder: paths.models });
  const isThere = seen === undefined || seen.kind === 'verified';
  return { name: known.name, file, known, isThere };
}

async function requireFile(file: string): Promise<void> {
  try {
    await access(file);
  } catch (error) {
    throw new AppError(`The model ${file} cannot be read: ${messageOf(error)}.`, {
      code: 'STT_MODEL_MISSING',
      hint: 'Name another one in STT_MODEL or --model; "stt models list" shows which there are.',
      exitCode: exitCodes.config,
    });
  }
}

const isFile = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** The largest one that the backend can use; undefined where it shares the machine's memory, or nobody says. */
function memoryOfCard(gpus: readonly Gpu[], backend: Backend): number | undefined {
  const usable = gpus.filter(
    ({ vendor, isIntegrated, hasVulkan }) => !isIntegrated && (backend === 'cuda' ? vendor === 'nvidia' : hasVulkan),
  );
  const sizes = usable.flatMap(({ memoryBytes }) => memoryBytes ?? []);
  return sizes.length === 0 ? undefined : Math.max(...sizes);
}
