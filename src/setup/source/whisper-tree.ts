/**
 * What a source tree of whisper.cpp is: how it is found in a folder, its version, its identity, and how it is copied. Only regular
 * files count; what was built in it (`build/`) and its history (`.git`) do not belong to it.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../../app-error.ts';
import { fileDigest } from '../../download/file-digest.ts';

export type WhisperTree = {
  folder: string;
  /** `unknown` where its CMakeLists.txt does not say. */
  version: string;
};

/** Where the npm package that carries whisper.cpp keeps it: in its tarball, and installed. */
const npmLayouts = ['package/cpp/whisper.cpp', 'cpp/whisper.cpp'];

/** Looks in the folder itself, one level below, and where npm's package keeps it. */
export async function findWhisperTree(folder: string): Promise<WhisperTree | undefined> {
  const children = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  for (const place of ['.', ...npmLayouts, ...children.map(({ name }) => name).toSorted()]) {
    const version = whisperVersion(await readIfPresent(path.join(folder, place, 'CMakeLists.txt')));
    if (version !== undefined) return { folder: path.join(folder, place), version };
  }
  return undefined;
}

async function readIfPresent(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemErrorCode(error) ?? '')) return '';
    throw error;
  }
}

/** From the text of a CMakeLists.txt; undefined when that is not whisper.cpp's. Pure. */
export function whisperVersion(cmakeLists: string): string | undefined {
  const calls = [...cmakeLists.matchAll(/^\s*project\s*\(\s*"?whisper\.cpp"?(?<rest>[^)]*)\)/gimu)];
  if (calls.length === 0) return undefined;
  const versions = calls.map((call) => /\bVERSION\s+(\d+(?:\.\d+)*)/u.exec(call.groups?.['rest'] ?? '')?.[1]);
  return versions.find((version) => version !== undefined) ?? 'unknown';
}

/** Relative paths, sorted. */
async function treeFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith(`build${path.sep}`) && !file.split(path.sep).includes('.git'))
    .toSorted();
}

/** SHA-256 over all names and contents. */
export async function treeDigest(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await treeFiles(folder)) {
    hash.update(`${file}\0${await fileDigest(path.join(folder, file), 'sha256', 'hex')}\n`);
  }
  return hash.digest('hex');
}

export async function copyTree(from: string, to: string): Promise<void> {
  for (const file of await treeFiles(from)) {
    const target = path.join(to, file);
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(path.join(from, file), target, constants.COPYFILE_FICLONE);
  }
}
