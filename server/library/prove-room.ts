/** Finds out whether a disk takes anything: writes a little, durably, and takes it away again. */
import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { temporarySuffix } from '../../src/atomic-file.ts';

/** More than a group of changes or a long transcript takes: a disk with room for a page only is full. */
const sizeBytes = 256 * 1024;

/** Rejects with the system's error where the disk of `folder` is full, read-only or broken. */
export async function proveRoom(folder: string): Promise<void> {
  const file = path.join(folder, `.${randomBytes(6).toString('hex')}${temporarySuffix}`);
  try {
    await using handle = await open(file, 'wx');
    await handle.writeFile(Buffer.alloc(sizeBytes));
    await handle.sync();
  } finally {
    await rm(file, { force: true });
  }
}
