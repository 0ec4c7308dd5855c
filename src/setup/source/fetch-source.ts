/**
 * Gets the source of whisper.cpp as a verified archive: the pinned release; where that cannot be reached, the pinned npm package
 * that carries a complete tree. A release that is reached but wrong is never worked around.
 */
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemErrorCode } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import { exitCodes } from '../../exit-codes.ts';
import { describeEnd, runChild } from '../../run-child.ts';
import { download } from '../../download/download.ts';
import type { ProxyEnvironment } from '../../download/proxy-agents.ts';
import { showDownload } from '../../download/show-download.ts';
import { describeSource, npmSource, releaseSource, type Source } from '../engines/engine-record.ts';
import { fileDigest } from '../../download/file-digest.ts';
import type { Pins } from '../whisper-data.ts';

export type SourceArchive = { file: string; source: Source };

export type FetchOptions = {
  pins: Pins;
  /** Another place for the same release archive: a mirror. */
  releaseUrl: string | undefined;
  proxy?: ProxyEnvironment | undefined;
  /** Archives are kept here, verified again at each use. */
  cacheFolder: string;
  clock: Clock;
  signal: AbortSignal;
  say: (line: string) => void;
};

const archiveLimitBytes = 200 * 1024 ** 2;
const npmDeadlineMs = 300_000;

export async function fetchSource(options: FetchOptions): Promise<SourceArchive> {
  await mkdir(options.cacheFolder, { recursive: true });
  const release = await fetchRelease(options);
  if ('archive' in release) return release.archive;

  const npm = npmSource(options.pins);
  options.say(`The release cannot be fetched (${release.reason}). Instead: ${describeSource(npm)}.`);
  const fallback = await fetchFromNpm(options);
  if ('archive' in fallback) return fallback.archive;
  throw new AppError(
    `No source of whisper.cpp can be reached. The release: ${release.reason}. The ${npm.origin}: ${fallback.reason}.`,
    {
      code: 'STT_SOURCE_UNREACHABLE',
      hint: `Connect this machine, or bring ${options.pins.release.url} here and run "stt setup --source FILE".`,
      exitCode: exitCodes.unavailable,
    },
  );
}

type Fetched = { archive: SourceArchive } | { reason: string };

async function fetchRelease(options: FetchOptions): Promise<Fetched> {
  const { pins, clock, signal } = options;
  const source = releaseSource(pins);
  const file = path.join(options.cacheFolder, `whisper.cpp-${source.version}.tar.gz`);
  using shown = showDownload('Download', clock);
  const end = await download({
    url: options.releaseUrl ?? pins.release.url,
    file,
    sha256: pins.release.sha256,
    limitBytes: archiveLimitBytes,
    clock,
    signal,
    onProgress: shown.onProgress,
    proxy: options.proxy,
  });
  return end.kind === 'done' ? { archive: { file, source } } : { reason: end.reason };
}

/** The arguments that put the package's tarball into the working directory. Nothing of it is run. */
export function npmPackArguments(pins: Pins): string[] {
  const retries = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=60000'];
  return ['pack', `${pins.npm.package}@${pins.npm.packageVersion}`, '--ignore-scripts', ...retries];
}

async function fetchFromNpm(options: FetchOptions): Promise<Fetched> {
  const { package: name, packageVersion, integrity } = options.pins.npm;
  const source = npmSource(options.pins);
  const file = path.join(options.cacheFolder, `${name}-${packageVersion}.tgz`);
  if (await hasIntegrity(file, integrity)) return { archive: { file, source } };

  const folder = await mkdtemp(path.join(options.cacheFolder, 'npm-'));
  try {
    const packed = await packInto(folder, options);
    if ('reason' in packed) return packed;
    if (!(await hasIntegrity(packed.file, integrity))) {
      throw new AppError(`The ${source.origin} from the registry is not the one that is pinned: its SHA-512 differs.`, {
        code: 'STT_DOWNLOAD_WRONG',
        hint: `Expected ${integrity}. Nothing was kept. Check which registry npm uses on this machine.`,
        exitCode: exitCodes.data,
      });
    }
    await rename(packed.file, file);
    return { archive: { file, source } };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function packInto(folder: string, options: FetchOptions): Promise<{ file: string } | { reason: string }> {
  try {
    const end = await runChild({
      file: 'npm',
      args: npmPackArguments(options.pins),
      cwd: folder,
      // The user's own registry, proxy and credentials for it.
      inheritEnv: true,
      signal: options.signal,
      timeoutMs: npmDeadlineMs,
    });
    options.signal.throwIfAborted();
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
    if (end.exitCode === 0 && tarball !== undefined) return { file: path.join(folder, tarball) };
    return { reason: `npm pack: ${npmReason(end.outputTail) ?? describeEnd(end)}` };
  } catch (error) {
    if (error instanceof AppError && error.code === 'STT_TOOL_MISSING') return { reason: 'there is no npm' };
    throw error;
  }
}

/** npm's `code` line says what was wrong (`ECONNREFUSED`, `E404`); the rest is advice. */
function npmReason(output: string): string | undefined {
  return /^npm (?:error|ERR!) code (\S+)$/mu.exec(output)?.[1];
}

async function hasIntegrity(file: string, integrity: string): Promise<boolean> {
  try {
    return `sha512-${await fileDigest(file, 'sha512', 'base64')}` === integrity;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
