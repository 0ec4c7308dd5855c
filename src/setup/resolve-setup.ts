/**
 * What a set-up comes to on this machine: for which backend and why, which engine, which models, and what is missing for them. Looks,
 * refuses what cannot work here, and changes nothing.
 */
import { AppError } from '../app-error.ts';
import type { Backend } from '../backend.ts';
import { exitCodes } from '../exit-codes.ts';
import { refuseBuild, refuseUnbuildable } from './build/refuse-unbuildable.ts';
import { hasEncoder } from './build/provide-encoder.ts';
import { chooseRunOptions } from './detect/choose-run-options.ts';
import { detectMachine } from './detect/detect-machine.ts';
import type { Machine } from './detect/machine.ts';
import { hardwareWarnings, missingHardware } from './detect/missing-hardware.ts';
import { recommendBackend } from './detect/recommend-backend.ts';
import type { Engine } from './engines/engine-store.ts';
import type { EngineRecord } from './engines/engine-record.ts';
import { findUnfinished, readEngineRecord, refuseBlockedLink } from './engines/engine-store.ts';
import { listEngines } from './engines/list-engines.ts';
import { findMade } from './engines/make-engine.ts';
import { findWantedEngine, type WantedEngine } from './engines/wanted-engine.ts';
import { type Need, needsOf } from './packages/needs.ts';
import { planModels, type PlannedModels } from './plan-models.ts';
import type { SetupRequest, SetupWishes } from './setup-request.ts';

export type SetupPlan = {
  request: SetupRequest;
  machine: Machine;
  backend: Backend;
  /** For people: why this backend. */
  reason: string;
  /** What they should know before they wait for it. Sentences. */
  notes: string[];
  wanted: WantedEngine;
  /** The engine is there, complete. */
  made: Engine | undefined;
  models: PlannedModels;
  needs: Need[];
};

/** @throws AppError where it cannot work here. */
export async function resolveSetup(wishes: SetupWishes): Promise<SetupPlan> {
  const { paths, signal } = wishes;
  refuseUnbuildable(paths);
  const machine = wishes.machine ?? (await detectMachine(paths.folder, signal));
  const inUse = await engineInUse(wishes);
  const { backend, reason, notes } = await chooseBackend(wishes, machine, inUse);
  refuseWithoutHardware(wishes, machine, backend);
  if (wishes.isBuildOnly !== true) await refuseBlockedLink(paths);

  const models = await planModels(wishes, machine, backend);
  const run = chooseRunOptions(machine, backend);
  const asked: SetupRequest = { ...wishes, backend, machine, os: machine.os, run };
  const { request, wanted } = await findWanted(asked, isOpen(wishes) ? inUse?.record : undefined);
  const made = await findMade(request, wanted);
  if (made === undefined) await refuseNewBuild(request, machine, wanted, models);
  return {
    request,
    machine,
    backend,
    reason,
    notes: [...notes, ...hardwareWarnings(machine, backend)],
    wanted,
    made,
    models,
    needs: await findNeeds(request, machine, { wanted, made, models }),
  };
}

/** Also where it is damaged: what it is for is known all the same. */
async function engineInUse({ paths }: SetupWishes): Promise<{ record: EngineRecord } | undefined> {
  const listed = (await listEngines(paths)).find(({ isInUse }) => isInUse);
  const record = listed === undefined ? undefined : await readEngineRecord(listed.folder);
  return record === undefined ? undefined : { record };
}

/** Nothing is said of the engine: whatever is in use will do. */
export const isOpen = ({ backend, source, definitions, isForced, isBuildOnly }: SetupWishes): boolean =>
  backend === undefined && source === undefined && definitions.length === 0 && !isForced && isBuildOnly !== true;

/** @param inUse Undefined where another engine was asked for. */
async function findWanted(
  asked: SetupRequest,
  inUse: EngineRecord | undefined,
): Promise<{ request: SetupRequest; wanted: WantedEngine }> {
  const { machine: here, isBuildOnly } = asked;
  // For another machine, the cards of this one say nothing.
  const machine = here === undefined || isBuildOnly !== true ? here : { ...here, gpus: [] };
  const request = { ...asked, machine };
  if (inUse === undefined) return { request, wanted: await findWantedEngine(request) };
  const { source, key, given = [], variant } = inUse;
  if (source.kind === 'adopted' || source.kind === 'given') {
    // What somebody adopted, or built from a source of their own, is not replaced by ours unasked.
    const wanted = { ...(await findWantedEngine(request)), keys: [key], betterKeys: [] };
    return { request: source.kind === 'adopted' ? { ...request, run: undefined } : request, wanted };
  }
  // The pinned source may be a newer one by now; how it is built stays.
  const like = { ...request, definitions: given, variants: variant === undefined ? 'first' : 'all' } as const;
  return { request: like, wanted: await findWantedEngine(like) };
}

async function chooseBackend(
  wishes: SetupWishes,
  machine: Machine,
  inUse: { record: EngineRecord } | undefined,
): Promise<{ backend: Backend; reason: string; notes: readonly string[] }> {
  const { backend, signal } = wishes;
  if (backend !== undefined && backend !== 'auto') return { backend, reason: 'You asked for it.', notes: [] };
  if (backend === undefined && inUse !== undefined) {
    const { record } = inUse;
    return { backend: record.backend, reason: 'The engine in use is for it.', notes: betterNote(record, machine) };
  }
  const recommendation = recommendBackend(machine);
  if (backend === 'auto' || wishes.chooseBackend === undefined) return recommendation;
  const chosen = await wishes.chooseBackend(recommendation, signal);
  return chosen === recommendation.backend
    ? recommendation
    : { backend: chosen, reason: 'You asked for it.', notes: [] };
}

/** Where somebody tried things out with the processor, or bought a card since. */
function betterNote({ backend, source }: EngineRecord, machine: Machine): string[] {
  const best = recommendBackend(machine);
  if (best.backend === backend || source.kind === 'adopted') return [];
  return [`For this machine ${best.backend} is recommended: "stt setup --backend auto". ${best.reason}`];
}

function refuseWithoutHardware({ isBuildOnly }: SetupWishes, machine: Machine, backend: Backend): void {
  const why = isBuildOnly === true ? undefined : missingHardware(machine, backend);
  if (why === undefined) return;
  throw new AppError(`An engine for ${backend} cannot work on this machine. ${why}`, {
    code: 'STT_BACKEND_WITHOUT_HARDWARE',
    hint: `Use "--backend auto"; "stt setup --detect" shows what was found. To build it for another machine, add --build-only.`,
    exitCode: exitCodes.config,
  });
}

async function refuseNewBuild(
  request: SetupRequest,
  machine: Machine,
  wanted: WantedEngine,
  { speech }: PlannedModels,
): Promise<void> {
  const { backend, definitions, paths, isForced, isBuildOnly } = request;
  if (backend === 'openvino' && speech === undefined && isBuildOnly !== true) throw openvinoWithoutModel();
  const goesOn = !isForced && (await findUnfinished(paths, wanted.keys)) !== undefined;
  const model = speech?.name;
  await refuseBuild({
    backend,
    recipe: wanted.recipe,
    machine: request.machine ?? machine,
    definitions,
    model,
    paths,
    goesOn,
  });
}

/** Its encoder is converted for one model, and the bundled one has no original to convert. */
const openvinoWithoutModel = (): AppError =>
  new AppError('OpenVINO needs a model of its own form: without a model there is nothing to try the engine with.', {
    code: 'STT_OPENVINO_MODEL',
    hint: 'Name one: "stt setup --backend openvino --model small". To build it for another machine, add --build-only.',
    exitCode: exitCodes.usage,
  });

async function findNeeds(
  request: SetupRequest,
  machine: Machine,
  { wanted, made, models }: Pick<SetupPlan, 'wanted' | 'made' | 'models'>,
): Promise<Need[]> {
  const { backend, isBuildOnly, definitions } = request;
  const { speech } = models;
  return needsOf(backend, {
    toBuild: made === undefined,
    toRun: isBuildOnly !== true,
    variants: (wanted.plan.variants ?? []).map(({ name }) => name),
    toConvert: backend === 'openvino' && speech !== undefined && !(await hasEncoder(speech.file)),
    onIntelGraphics: machine.gpus.some(({ vendor }) => vendor === 'intel'),
    definitions,
  });
}
