/**
 * A source of whisper.cpp that a person hands over (`--source`): a directory, or a .tar.gz. Its identity is its content, so that the
 * archive of a pinned release is known as that release.
 */
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { npmSource, releaseSource, type Source } from '../engines/engine-record.ts';
import { fileDigest } from '../../download/file-digest.ts';
import type { Pins } from '../whisper-data.ts';
import { findWhisperTree, treeDigest, type WhisperTree } from './whisper-tree.ts';

export type GivenSource =
  | { kind: 'archive'; file: string; digest: string; pinned: Source | undefined }
  | { kind: 'tree'; tree: WhisperTree; digest: string };

export async function openGivenSource(place: string, pins: Pins): Promise<GivenSource> {
  if (place === '') throw unreadable('""', 'it is empty');
  if (/^[a-z][\w+.-]*:\/\//iu.test(place)) throw unreadable(place, 'it is a URL; download it first');
  const full = path.resolve(place);
  const info = await statGiven(full);
  if (info.isDirectory()) {
    const tree = await findWhisperTree(full);
    if (tree === undefined) throw notWhisper(full);
    return { kind: 'tree', tree, digest: `tree:${await treeDigest(tree.folder)}` };
  }
  if (!(await isGzip(full))) throw notAnArchive(full);
  return { kind: 'archive', file: full, ...(await identifyArchive(full, pins)) };
}

async function isGzip(file: string): Promise<boolean> {
  await using handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  return buffer.toString('hex') === '1f8b';
}

async function identifyArchive(file: string, pins: Pins): Promise<{ digest: string; pinned: Source | undefined }> {
  const sha256 = `sha256:${await fileDigest(file, 'sha256', 'hex')}`;
  const sha512 = `sha512-${await fileDigest(file, 'sha512', 'base64')}`;
  const pinned = [releaseSource(pins), npmSource(pins)].find(({ digest }) => digest === sha256 || digest === sha512);
  return { digest: pinned?.digest ?? sha256, pinned };
}

async function statGiven(place: string) {
  try {
    const info = await stat(place);
    if (info.isDirectory() || info.isFile()) return info;
  } catch (error) {
    throw unreadable(place, messageOf(error), error);
  }
  throw unreadable(place, 'it is neither a file nor a directory');
}

function unreadable(place: string, reason: string, cause?: unknown): AppError {
  return new AppError(`The source ${place} cannot be read: ${reason}.`, {
    code: 'STT_SOURCE_UNREADABLE',
    hint: 'Name a directory or a .tar.gz with the source of whisper.cpp.',
    exitCode: exitCodes.noInput,
    cause,
  });
}

function notAnArchive(file: string): AppError {
  return new AppError(`${file} is not a .tar.gz archive.`, {
    code: 'STT_ARCHIVE',
    hint: 'Name a directory or a .tar.gz with the source of whisper.cpp.',
    exitCode: exitCodes.data,
  });
}

export function notWhisper(place: string): AppError {
  return new AppError(
    `${place} is not the source of whisper.cpp: no CMakeLists.txt there says project("whisper.cpp").`,
    {
      code: 'STT_SOURCE_WRONG',
      hint: 'Name the directory that holds its CMakeLists.txt, or the .tar.gz of a release.',
      exitCode: exitCodes.data,
    },
  );
}
