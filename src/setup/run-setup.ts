/**
 * `stt setup`: what is missing of packages, models, engine and settings, in this order; each step does only what is not done, so that a
 * second run does nothing. Knows nothing of flags and terminals.
 */
import { AppError } from '../app-error.ts';
import type { Backend } from '../backend.ts';
import { describeSource } from './engines/engine-record.ts';
import { binary, type Engine } from './engines/engine-store.ts';
import { findSettledEngine, makeEngine } from './engines/make-engine.ts';
import { offerDroppedEngine } from './engines/offer-dropped-engine.ts';
import { asSetup } from './explain-file-failure.ts';
import { findMissingNeeds } from './packages/find-needs.ts';
import { provideNeeds } from './packages/install-packages.ts';
import type { Need } from './packages/needs.ts';
import { readPackageTable } from './packages/package-table.ts';
import { referenceHint } from './packages/reference-environment.ts';
import type { PlannedModel } from './plan-models.ts';
import { provideModel, tryProvideVad } from './provide-models.ts';
import { isOpen, resolveSetup, type SetupPlan } from './resolve-setup.ts';
import type { SetupWishes } from './setup-request.ts';

export type SetupReport = {
  backend: Backend;
  /** For people: why this backend. */
  reason: string;
  version: string;
  /** For people: where the engine's source came from. */
  source: string;
  /** False where the engine was there already. */
  isBuilt: boolean;
  /** Nothing was to be done at all. */
  isUnchanged: boolean;
  whisperCli: string;
  engineFolder: string;
  /** Of the ways it can be built, where there was a choice. */
  variant?: string;
  /** What it works on; absent: it has not been tried. */
  device?: string;
  /** Seconds of the sample per second. */
  speed?: number;
  /** What it is told at each start on this machine, and why. */
  run: { arguments: readonly string[]; environment: Readonly<Record<string, string>>; reasons: readonly string[] };
  model?: { name: string; file: string; purpose: string; isOwn: boolean };
  /** A model that was chosen, and was not wanted. */
  declined?: string;
  vadModel?: { name: string; file: string };
  /** Of the build, where there was one. */
  logFile?: string;
  seconds: number;
};

export function runSetup(wishes: SetupWishes): Promise<SetupReport> {
  return asSetup(wishes.signal, () => setUp(wishes));
}

async function setUp(wishes: SetupWishes): Promise<SetupReport> {
  const { clock, say } = wishes;
  const startedAtMs = clock.now();
  if (isOpen(wishes)) await offerDroppedEngine(wishes.paths, { ...wishes, model: undefined });
  const planned = await resolveSetup(wishes);
  if (planned.made === undefined) announce(planned, wishes);
  else for (const note of planned.notes) say(note);
  const plan = await withPackages(planned, wishes);

  // Models come first: what stands in their way had better be known before the long build.
  const { speech, vad } = plan.models;
  const isWanted = speech === undefined || (await wantsModel(speech, wishes));
  const model = speech === undefined || !isWanted ? undefined : await provideModel(speech, wishes);
  // Once everything else is in place, nobody waits for it each time.
  const isVadDue =
    vad !== undefined && isWanted && (vad.isThere || speech?.isThere !== true || plan.made === undefined);
  const vadModel = isVadDue ? await tryProvideVad(vad, wishes) : undefined;
  const { request, wanted } = plan;
  const isSettled = (await findSettledEngine(request, wanted, model)) !== undefined;
  const { engine, logFile } = await makeEngine(request, wanted, model);
  if (plan.backend === 'openvino' && logFile !== undefined)
    say('OpenVINO compiles the model at its first start; that takes a while.');

  const isUnchanged = isSettled && model?.isNew !== true && vadModel?.isNew !== true;
  return {
    ...describeEngine(engine, plan, wishes),
    isBuilt: logFile !== undefined,
    isUnchanged,
    ...(model === undefined
      ? {}
      : { model: { name: model.name, file: model.file, purpose: model.purpose, isOwn: speech?.known === undefined } }),
    ...(isWanted ? {} : { declined: speech.name }),
    ...(vadModel === undefined ? {} : { vadModel: { name: vadModel.name, file: vadModel.file } }),
    ...(logFile === undefined ? {} : { logFile }),
    seconds: (clock.now() - startedAtMs) / 1000,
  };
}

function announce({ backend, reason, notes, request, machine }: SetupPlan, { say, saysReference }: SetupWishes): void {
  say(`Backend: ${backend}. ${reason}`);
  for (const note of [...notes, ...(request.run?.reasons ?? [])]) say(`  ${note}`);
  if (saysReference !== true) return;
  const hasNvidia = machine.gpus.some(({ vendor }) => vendor === 'nvidia');
  for (const line of referenceHint(machine.os, machine.surroundings, hasNvidia)) say(line);
}

/** What only makes an engine faster, perhaps. */
const isDispensable = (need: Need): boolean => need === 'OpenBLAS' || need === 'pkg-config';

/** What was installed may change what is to be built: the compiler for the card was not there before. */
async function withPackages(plan: SetupPlan, wishes: SetupWishes): Promise<SetupPlan> {
  const { signal, root } = wishes;
  const look = { table: readPackageTable(), signal, ...(root === undefined ? {} : { root }) };
  const missing = await findMissingNeeds(plan.needs, look);
  if (missing.length === 0) return plan;
  try {
    await provideNeeds(missing, plan.request);
  } catch (error) {
    const isRefused = error instanceof AppError && error.code === 'STT_PACKAGES';
    if (!isRefused || !missing.every((need) => isDispensable(need))) throw error;
    wishes.say(`Only one variant is built: ${error.message} ${error.hint ?? ''}`.trimEnd());
    return plan;
  }
  if (plan.made !== undefined || wishes.machine !== undefined) return plan;
  return resolveSetup({ ...wishes, backend: plan.backend });
}

/** One that somebody named is wanted. One that we chose may be large. */
async function wantsModel({ reason, isThere, known, name }: PlannedModel, wishes: SetupWishes): Promise<boolean> {
  const { say, ask, consent, signal } = wishes;
  if (isThere || reason === undefined) return true;
  say(`Model: ${name}, ${((known?.sizeBytes ?? 0) / 1e6).toFixed(0)} MB; ${reason}.`);
  return consent !== 'ask' || ask === undefined || ask('Download it now?', signal);
}

function describeEngine(
  { record, folder }: Engine,
  { backend, reason }: SetupPlan,
  { paths, isBuildOnly }: SetupWishes,
): Pick<
  SetupReport,
  'backend' | 'reason' | 'version' | 'source' | 'whisperCli' | 'engineFolder' | 'variant' | 'device' | 'speed' | 'run'
> {
  const { source, variant, proof, run } = record;
  return {
    backend,
    reason,
    version: source.version,
    source: describeSource(source),
    whisperCli: isBuildOnly === true ? binary(folder, 'whisper-cli') : paths.whisperCli,
    engineFolder: folder,
    ...(variant === undefined ? {} : { variant: variant.name }),
    ...(proof === undefined ? {} : { device: proof.device, speed: proof.speed }),
    run,
  };
}
