/** `stt setup --dry-run`: every command that would be run and every path that would be written, in order. Changes nothing. */
import { describeModelDownload } from '../models/download-model.ts';
import { chooseGenerator } from './build/build-engine.ts';
import { cmakeCommands, type Generator } from './build/cmake-arguments.ts';
import { localDefinitions } from './build/local-definitions.ts';
import { openvinoSteps } from './build/openvino-steps.ts';
import { commandLine } from '../command-line.ts';
import { describeSource, engineKey, npmSource, releaseSource, type Source } from './engines/engine-record.ts';
import { findUnfinished, hasEngineInUse, isInUse, newEngineFolder } from './engines/engine-store.ts';
import { findSettledEngine, jobsHere } from './engines/make-engine.ts';
import type { WantedEngine } from './engines/wanted-engine.ts';
import { asSetup } from './explain-file-failure.ts';
import { findMissingNeeds } from './packages/find-needs.ts';
import { describeNeeds } from './packages/install-packages.ts';
import { readPackageTable } from './packages/package-table.ts';
import type { PlannedModel } from './plan-models.ts';
import { resolveSetup, type SetupPlan } from './resolve-setup.ts';
import type { SetupRequest, SetupWishes } from './setup-request.ts';
import { npmPackArguments } from './source/fetch-source.ts';

export function describeSetup(wishes: SetupWishes): Promise<string[]> {
  return asSetup(wishes.signal, () => describeSteps(wishes));
}

async function describeSteps(wishes: SetupWishes): Promise<string[]> {
  const plan = await resolveSetup(wishes);
  const { request, made, backend, reason, notes, models } = plan;
  const lines = [`# Backend: ${backend}. ${reason}`, ...notes.map((note) => `#   ${note}`)];
  lines.push(...describeRun(request), ...(await describeNeeds(plan.needs, request)));
  for (const model of [models.speech, models.vad]) lines.push(...(await describeModel(model, wishes)));
  if (made === undefined) lines.push(...(await describeBuild(plan)));
  else lines.push(`# The engine is there: ${describeSource(made.record.source)}, ${made.folder}`);
  lines.push(...(await describeProof(plan)));
  return lines;
}

function describeRun({ run }: SetupRequest): string[] {
  if (run === undefined || (run.arguments.length === 0 && Object.keys(run.environment).length === 0)) return [];
  const environment = Object.entries(run.environment).map(([name, value]) => `${name}=${value}`);
  return [
    `# The engine is told: ${commandLine([...environment, ...run.arguments])}`,
    ...run.reasons.map((why) => `#   ${why}`),
  ];
}

async function describeModel(planned: PlannedModel | undefined, wishes: SetupWishes): Promise<string[]> {
  if (planned === undefined) return [];
  const { known, file, reason } = planned;
  if (known === undefined) return [`# The model is your own: ${file}`];
  const { paths, modelBaseUrl } = wishes;
  const lines = await describeModelDownload({ model: known, modelsFolder: paths.models, baseUrl: modelBaseUrl });
  return reason === undefined ? lines : [`# Model: ${known.name}; ${reason}`, ...lines];
}

async function describeBuild({ request, wanted, models, backend, machine }: SetupPlan): Promise<string[]> {
  const { lines, source } = describeSourceSteps(request, wanted);
  const key = engineKey(source.digest, wanted.plan);
  const { paths, isForced, isBuildOnly } = request;
  const begun = isForced ? undefined : await findUnfinished(paths, wanted.keys);
  const folder = begun?.folder ?? (await newEngineFolder(paths, { key, backend, source }, isForced ? wanted.keys : []));
  const generator = await generatorThen(request);
  const jobs = request.jobs ?? jobsHere(wanted.recipe.memory);
  const local = localDefinitions(backend, machine);
  const model = isBuildOnly === true ? undefined : models.speech;
  return [
    ...(begun === undefined ? lines : [`# Go on with the interrupted build: ${describeSource(begun.record.source)}`]),
    ...(backend === 'openvino' ? openvinoSteps({ paths, engineFolder: folder, model }) : []),
    `# Build in ${folder}`,
    ...cmakeCommands(folder, wanted.plan, { generator, jobs, local }).map((args) => commandLine(['cmake', ...args])),
    ...(wanted.plan.variants === undefined ? [] : ['# The faster of these on the sample is kept.']),
  ];
}

/** Ninja is installed where there is neither it nor make. */
async function generatorThen({ signal }: SetupRequest): Promise<Generator> {
  const isBare = (await findMissingNeeds(['ninja'], { table: readPackageTable(), signal })).length > 0;
  return isBare ? 'Ninja' : chooseGenerator(signal);
}

async function describeProof({ request, wanted, made, backend }: SetupPlan): Promise<string[]> {
  const { paths, isBuildOnly } = request;
  const isSettled = (await findSettledEngine(request, wanted)) !== undefined;
  if (isSettled) return [];
  const isLinked =
    (isBuildOnly === true && (await hasEngineInUse(paths))) ||
    (made !== undefined && (await isInUse(paths, made.folder)));
  const device = backend === 'cpu' ? '' : ', and must say that it works on the device';
  return [
    ...(isBuildOnly === true ? [] : [`# The engine transcribes the bundled sample${device}.`]),
    ...(isLinked ? [] : [`# Link: ${paths.whisperCpp} -> the engine`]),
  ];
}

function describeSourceSteps(request: SetupRequest, wanted: WantedEngine): { lines: string[]; source: Source } {
  const { given } = wanted;
  if (given !== undefined) {
    const origin = given.kind === 'tree' ? given.tree.folder : given.file;
    const version = given.kind === 'tree' ? given.tree.version : 'VERSION';
    const pinned = given.kind === 'archive' ? given.pinned : undefined;
    const source: Source = pinned ?? { kind: 'given', version, digest: given.digest, origin };
    return { source, lines: [`# Source: ${origin}: ${describeSource(source)}`] };
  }
  const { pins, releaseUrl, paths } = request;
  const release = releaseSource(pins);
  const lines = [
    `# Source: ${describeSource(release)}`,
    `#   ${releaseUrl ?? pins.release.url}`,
    `#   SHA-256 ${pins.release.sha256}, kept in ${paths.cache}`,
    `# Only where that cannot be reached: ${describeSource(npmSource(pins))}`,
    `#   ${commandLine(['npm', ...npmPackArguments(pins)])}`,
    `#   ${pins.npm.integrity}`,
  ];
  return { lines, source: release };
}
