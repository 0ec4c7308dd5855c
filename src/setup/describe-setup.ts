/** `stt setup --dry-run`: every command that would be run and every path that would be written, in order. Changes nothing. */
import path from 'node:path';
import { chooseGenerator } from './build/build-engine.ts';
import { buildArguments, configureArguments } from './build/cmake-arguments.ts';
import { commandLine } from './command-line.ts';
import { describeSource, engineKey, npmSource, releaseSource, type Source } from './engines/engine-record.ts';
import { findEngine, findUnfinished, isInUse, newEngineFolder } from './engines/engine-store.ts';
import { explainFileFailure } from './explain-file-failure.ts';
import { npmPackArguments } from './source/fetch-source.ts';
import { buildTools, findMissingTools, runtimeTools, type Tool } from './packages/find-tools.ts';
import { decideInstall, findPackagePower } from './packages/install-packages.ts';
import { jobsHere } from './engines/make-engine.ts';
import { refuseUnbuildable } from './build/refuse-unbuildable.ts';
import type { SetupRequest } from './setup-request.ts';
import { findWantedEngine, type WantedEngine } from './engines/wanted-engine.ts';
import { readModel } from './whisper-data.ts';

export async function describeSetup(request: SetupRequest): Promise<string[]> {
  try {
    return await describeSteps(request);
  } catch (error) {
    throw explainFileFailure(error);
  }
}

async function describeSteps(request: SetupRequest): Promise<string[]> {
  const { paths, signal } = request;
  refuseUnbuildable(paths);
  const wanted = await findWantedEngine(request);
  const current = request.isForced ? undefined : await findEngine(paths, wanted.keys);
  const tools = current === undefined ? [...runtimeTools, ...buildTools] : runtimeTools;
  const lines = await describePackages(await findMissingTools(tools, signal), request);
  if (current === undefined) lines.push(...(await describeBuild(request, wanted)));
  else lines.push(`# The engine is there: ${describeSource(current.record.source)}, ${current.folder}`);
  if (current === undefined || !(await isInUse(paths, current.folder)))
    lines.push(`# Link: ${paths.whisperCpp} -> the engine`);
  if (request.model !== undefined) {
    const model = readModel(request.model);
    lines.push(`# Unpack ${model.bundled} (${model.purpose})`, `#   to ${path.join(paths.models, model.file)}`);
  }
  return lines;
}

async function describePackages(missing: readonly Tool[], request: SetupRequest): Promise<string[]> {
  if (missing.length === 0) return ['# Packages: nothing is missing'];
  const power = await findPackagePower(request.signal);
  const decision = decideInstall(missing, power, request.consent, request.ask !== undefined);
  if (decision.kind === 'refuse') return [`# ${decision.error.message}`, `#   ${decision.error.hint ?? ''}`];
  return [`# Packages for: ${missing.join(', ')}`, ...decision.commands.map(commandLine)];
}

async function describeBuild(request: SetupRequest, wanted: WantedEngine): Promise<string[]> {
  const { lines, source } = describeSourceSteps(request, wanted);
  const key = engineKey(source.digest, wanted.plan);
  const { paths, backend, isForced } = request;
  const begun = isForced ? undefined : await findUnfinished(paths, wanted.keys);
  const folder = begun?.folder ?? (await newEngineFolder(paths, { key, backend, source }, isForced ? wanted.keys : []));
  const generator = await chooseGenerator(request.signal);
  return [
    ...(begun === undefined ? lines : [`# Go on with the interrupted build: ${describeSource(begun.record.source)}`]),
    `# Build in ${folder}`,
    commandLine(['cmake', ...configureArguments(folder, wanted.plan, generator)]),
    commandLine(['cmake', ...buildArguments(folder, wanted.plan, request.jobs ?? jobsHere())]),
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
