/**
 * What root makes in a folder of another user belongs to that user: `sudo stt-server worker add` before the service's first start must
 * not leave a database that the service cannot write. SQLite itself gives the files beside the database to the database's owner.
 */
import { closeSync, fchownSync, lchownSync, mkdirSync, openSync, statSync } from 'node:fs';
import path from 'node:path';
import { systemErrorCode } from '../../../src/app-error.ts';

type Owner = { uid: number; gid: number };

/** Makes the folder and those above it that are not there, for the owner of the first one that is. */
export function makeFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true });
  if (made === undefined) return;
  const owner = strangerOwning(path.dirname(made));
  if (owner === undefined) return;
  for (let each = folder; each.length >= made.length; each = path.dirname(each)) {
    // A link that somebody put in its place is not followed.
    lchownSync(each, owner.uid, owner.gid);
  }
}

/** Makes the file, empty, for the owner of its folder; nothing happens where it is there, and where that is we. */
export function makeForFolderOwner(file: string): void {
  const owner = strangerOwning(path.dirname(file));
  if (owner === undefined) return;
  try {
    // Fails where there is one, also a link.
    const descriptor = openSync(file, 'wx', 0o644);
    try {
      fchownSync(descriptor, owner.uid, owner.gid);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  }
}

/** Undefined where we are not root, or root owns the folder. */
function strangerOwning(folder: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? undefined : { uid, gid };
}
