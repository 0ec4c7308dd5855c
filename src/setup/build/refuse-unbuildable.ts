/** What cannot be built here is refused before anything is done: before packages, downloads and minutes of compiling. */
import { mkdtemp, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemErrorCode } from '../../app-error.ts';
import type { Backend } from '../../backend.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { Machine } from '../detect/machine.ts';
import type { Recipe } from '../whisper-data.ts';
import { readDefinitions } from './cmake-arguments.ts';
import { findCudaTrouble } from './cuda-architectures.ts';
import { refuseUnconvertible } from './openvino-model.ts';

/**
 * A data folder that cmake cannot build in.
 * @throws AppError STT_DATA_FOLDER, exit code 78.
 */
export function refuseUnbuildable(paths: DataPaths, platform: NodeJS.Platform = process.platform): void {
  // Nothing is built there, and paths have backslashes.
  if (platform === 'win32') return;
  const character = /[\\"$#%;]/u.exec(paths.folder)?.[0];
  if (character === undefined) return;
  throw new AppError(`whisper.cpp cannot be built in ${paths.folder}: cmake does not bear "${character}" in a path.`, {
    code: 'STT_DATA_FOLDER',
    hint: 'Set STT_DATA_DIR to a directory without that character in its path.',
    exitCode: exitCodes.config,
  });
}

export type BuildIntent = {
  backend: Backend;
  recipe: Recipe;
  machine: Machine;
  /** As given by a person: `NAME=VALUE`. */
  definitions: readonly string[];
  /** By its name; undefined where none comes with this set-up. */
  model: string | undefined;
  paths: DataPaths;
  /** An interrupted build goes on: much of the room that it needs is taken by it already. */
  goesOn: boolean;
};

/** Only where there is something to build. @throws AppError, exit code 69, 74, 77 or 78. */
export async function refuseBuild(intent: BuildIntent): Promise<void> {
  const { backend, machine, definitions, model, paths } = intent;
  if (machine.os.platform === 'win32') throw notOnWindows();
  if (backend === 'cuda') refuseToolkit(machine, definitions);
  if (backend === 'openvino' && model !== undefined) refuseUnconvertible(model);
  await refuseReadOnly(paths.folder);
  refuseSmallDisk(intent);
}

function notOnWindows(): AppError {
  return new AppError('stt does not build whisper.cpp on Windows.', {
    code: 'STT_NO_BUILD_HERE',
    hint:
      'Download a whisper-...-x64.zip (whisper-cublas-... for NVIDIA cards) from ' +
      'https://github.com/ggml-org/whisper.cpp/releases, unpack it, then run ' +
      '"stt setup --adopt PATH" with the path of its whisper-cli.exe. Or use WSL.',
    exitCode: exitCodes.unavailable,
  });
}

function refuseToolkit({ gpus, toolkits }: Machine, definitions: readonly string[]): void {
  const trouble = findCudaTrouble(gpus, toolkits.nvcc, readDefinitions(definitions));
  if (trouble === undefined) return;
  throw new AppError(trouble.reason, { code: 'STT_CUDA_TOOLKIT', hint: trouble.hint, exitCode: exitCodes.config });
}

/** By trying: permissions, read-only disks and quotas have too many ways to say no. Leaves nothing behind. */
async function refuseReadOnly(folder: string): Promise<void> {
  try {
    await rmdir(await mkdtemp(path.join(folder, '.stt-write-test-')));
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    const parent = path.dirname(folder);
    if (code === 'ENOENT' && parent !== folder && !isKernelsOwn(folder)) return refuseReadOnly(parent);
    const isForbidden = ['EACCES', 'EPERM'].includes(code);
    throw new AppError(`Nothing can be written in ${folder}${code === '' ? '' : ` (${code})`}.`, {
      code: 'STT_DATA_FOLDER_READ_ONLY',
      hint: isForbidden
        ? 'Set STT_DATA_DIR to a directory that this user may write.'
        : 'Set STT_DATA_DIR to a directory on a disk that can be written.',
      exitCode: isForbidden ? exitCodes.noPermission : exitCodes.ioError,
      cause: error,
    });
  }
}

/** There a directory that cannot be made is said not to exist. */
const isKernelsOwn = (folder: string): boolean => ['/proc', '/sys'].includes(folder);

/** What an interrupted build may still need of its room. */
const lastPart = 0.25;

function refuseSmallDisk({ recipe, machine, paths, backend, goesOn }: BuildIntent): void {
  const neededBytes = recipe.diskBytes * (goesOn ? lastPart : 1);
  if (machine.diskFreeBytes >= neededBytes) return;
  const inGigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new AppError(
    `The disk is too small to build whisper.cpp for ${backend} in ${paths.folder}: ` +
      `${inGigabytes(machine.diskFreeBytes)} are free, about ${inGigabytes(neededBytes)} are needed.`,
    {
      code: 'STT_DISK_TOO_SMALL',
      hint: 'Make room on that disk, or set STT_DATA_DIR to a directory on another one.',
      exitCode: exitCodes.ioError,
    },
  );
}
