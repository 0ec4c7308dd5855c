/**
 * Brings a model of the catalogue into the models folder: downloaded, from a file that somebody brought, or unpacked where it comes
 * with stt. Nothing gets its name there before it is verified.
 */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../app-error.ts';
import type { Clock } from '../clock.ts';
import { download, type DownloadRequest, placeOf } from '../download/download.ts';
import { partOf } from '../download/download-part.ts';
import { digestName, hexOf } from '../download/file-digest.ts';
import type { Unreachable } from '../download/judge-answer.ts';
import { isProxied, type ProxyEnvironment } from '../download/proxy-agents.ts';
import { exitCodes } from '../exit-codes.ts';
import { installBundledModel } from './bundled-model.ts';
import { requireRoom } from './disk-room.ts';
import type { CatalogueModel, Model } from './model-catalogue.ts';
import { keepVerified, knownVerification, verifyModel } from './verify-model.ts';

export type ModelPlace = {
  model: CatalogueModel;
  modelsFolder: string;
};

export type ModelDownload = ModelPlace & {
  /** A mirror: a folder of files by their names (`STT_MODEL_BASE_URL`); undefined: upstream. */
  baseUrl: string | undefined;
  proxy?: ProxyEnvironment | undefined;
  clock: Clock;
  signal: AbortSignal;
} & Pick<DownloadRequest, 'onProgress' | 'onVerify'>;

export type ProvidedModel = {
  name: string;
  file: string;
  /** `there`: nothing was to be done. */
  outcome: 'there' | 'downloaded' | 'unpacked' | 'imported';
  /** Something else had that name; it is gone. */
  hasReplaced: boolean;
};

/**
 * @throws AppError STT_MODEL_UNREACHABLE, STT_DOWNLOAD_WRONG, STT_DISK_FULL or STT_DOWNLOAD_RUNNING; what was there before stays then.
 */
export async function downloadModel(request: ModelDownload): Promise<ProvidedModel> {
  const { model, modelsFolder, baseUrl, clock, signal, onVerify } = request;
  const file = path.join(modelsFolder, model.file);
  const present = await verifyModel(file, { catalogue: [model], modelsFolder, onProgress: onVerify, signal });
  const provided = { name: model.name, file, hasReplaced: present.kind === 'wrong' };
  if (present.kind === 'verified') return { ...provided, outcome: 'there' };
  if (isBundled(model)) {
    await installBundledModel(model, modelsFolder);
    return { ...provided, outcome: 'unpacked' };
  }

  await mkdir(modelsFolder, { recursive: true });
  // What came so far is gone on with, or makes room.
  await requireRoom(modelsFolder, model.name, model.sizeBytes - (await partBytes(file)));
  const url = modelUrl(model, baseUrl);
  const { onProgress, proxy } = request;
  const end = await download({
    ...(model.sha256 === undefined ? { sha1: model.sha1 } : { sha256: model.sha256 }),
    url,
    file,
    limitBytes: model.sizeBytes,
    sizeBytes: model.sizeBytes,
    proxy,
    clock,
    signal,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onVerify === undefined ? {} : { onVerify }),
  });
  if (end.kind === 'unreachable') throw unreachable(request, url, end);
  await keepVerified(file, model, modelsFolder);
  return { ...provided, outcome: 'downloaded' };
}

export function isBundled(model: CatalogueModel): model is Model {
  return model.bundled !== undefined;
}

export function modelUrl(model: CatalogueModel, baseUrl: string | undefined): string {
  return baseUrl === undefined ? (model.url ?? '') : `${baseUrl}/${model.file}`;
}

/** What `downloadModel` would do, in lines for people. Reads no model, changes nothing. */
export async function describeModelDownload({
  model,
  modelsFolder,
  baseUrl,
}: ModelPlace & Pick<ModelDownload, 'baseUrl'>): Promise<string[]> {
  const file = path.join(modelsFolder, model.file);
  const known = await knownVerification(file, { catalogue: [model], modelsFolder });
  if (known?.kind === 'verified') return [`# ${model.name} is there and verified: ${file}`];
  if (known === undefined) return [`# ${model.name} is there and would be verified: ${file}`];
  const first = `# ${model.name}: ${known.kind === 'wrong' ? 'another file in its place would be replaced' : 'not here'}`;
  if (isBundled(model)) return [first, `#   unpacked from ${model.bundled}`, `#   to ${file}`];
  const havePart = await partBytes(file);
  return [
    first,
    `#   from ${placeOf(modelUrl(model, baseUrl))}, ${model.sizeBytes} bytes${havePart === 0 ? '' : `, of which ${havePart} are here`}`,
    `#   ${digestName(model)} ${hexOf(model)}`,
    `#   to ${file}`,
  ];
}

async function partBytes(file: string): Promise<number> {
  try {
    return (await stat(partOf(file).file)).size;
  } catch {
    return 0;
  }
}

function unreachable({ model, proxy = {} }: ModelDownload, url: string, { reason, mayPass }: Unreachable): AppError {
  const hints = [
    ...(mayPass === true ? ['Run the same command again: it goes on where it stopped.'] : []),
    isProxied(proxy, url)
      ? 'Look at the proxy that is set, and at the user name and the password in it (http://user:password@proxy:3128). A mirror is named in STT_MODEL_BASE_URL, a host that is asked directly in NO_PROXY.'
      : 'A mirror is named in STT_MODEL_BASE_URL, a proxy in HTTPS_PROXY.',
    `Without a network: bring ${model.file} here and run "stt models download ${model.name} --from FILE".`,
  ];
  return new AppError(`The model ${model.name} cannot be downloaded from ${placeOf(url)}: ${reason}.`, {
    code: 'STT_MODEL_UNREACHABLE',
    hint: hints.join('\n  '),
    exitCode: exitCodes.unavailable,
  });
}
