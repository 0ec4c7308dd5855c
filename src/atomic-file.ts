/**
 * Files that are either whole or absent, also after a power cut: write a temporary sibling, fsync it, rename, fsync the
 * directory. Node's own writeFile does none of this.
 */
import { randomBytes } from 'node:crypto';
import { link, lstat, open, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from './app-error.ts';

/** Temporary siblings end like this; scans and sweeps tell them by it. */
export const temporarySuffix = '.stt-tmp';

async function writeTemporarySibling(file: string, bytes: string | Uint8Array, mode: number): Promise<string> {
  const temporary = path.join(path.dirname(file), `.${randomBytes(6).toString('hex')}${temporarySuffix}`);
  const handle = await open(temporary, 'wx', mode);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await unlink(temporary);
    throw error;
  }
  await handle.close();
  return temporary;
}

/** Makes a rename or a new name in `directory` survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces `file` with `bytes`; a reader sees the old or the new content, never a part. */
export async function writeFileAtomic(file: string, bytes: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = await writeTemporarySibling(file, bytes, mode);
  try {
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
  await syncDirectory(path.dirname(file));
}

/**
 * Creates `file` with `bytes`, never replacing anything.
 * @returns false when a file of that name is there already (it stays as it is).
 */
export async function createFileAtomic(file: string, bytes: string | Uint8Array, mode = 0o644): Promise<boolean> {
  const temporary = await writeTemporarySibling(file, bytes, mode);
  try {
    if (!(await nameIt(temporary, file))) return false;
  } finally {
    // It is gone already where it was renamed.
    await rm(temporary, { force: true });
  }
  await syncDirectory(path.dirname(file));
  return true;
}

/** Gives the finished file its name, unless that is taken. */
async function nameIt(temporary: string, file: string): Promise<boolean> {
  try {
    // link() fails where the name is taken; rename() would overwrite it.
    await link(temporary, file);
    return true;
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    if (code === 'EEXIST') return false;
    if (!noHardLinks.has(code)) throw error;
    // FAT and some network shares know no links. Between these two steps lies the one moment that cannot be guarded there.
    if (await exists(file)) return false;
    await rename(temporary, file);
    return true;
  }
}

/** Of link(), where the file system has no hard links. */
export const noHardLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
