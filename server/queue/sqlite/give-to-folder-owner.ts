/**
 * What root makes in a folder of another user belongs to that user: `sudo stt-server worker add` before the service's first start must
 * not leave a database that the service cannot write. SQLite itself gives the files beside the database to the database's owner. It
 * follows links as well: so that nobody leads root to a file of the machine, in such a folder only plain files are touched.
 */
import {
  closeSync,
  constants,
  fchownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  type Stats,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { AppError, systemErrorCode } from '../../../src/app-error.ts';
import { exitCodes } from '../../../src/exit-codes.ts';

type Owner = { uid: number; gid: number };

/** What SQLite and a server lay beside the database. */
const endings = ['', '-wal', '-shm', '-journal', '.lock'];

/** Makes the folder and those above it that are not there, for the owner of the first one that is. */
export function makeFolder(folder: string): void {
  refuseLinksOfOthers(folder);
  const made = mkdirSync(folder, { recursive: true });
  if (made === undefined) return;
  const owner = strangerOwning(path.dirname(made));
  if (owner === undefined) return;
  for (let each = folder; each.length >= made.length; each = path.dirname(each)) {
    // A link that somebody put in its place is not followed.
    lchownSync(each, owner.uid, owner.gid);
  }
}

/**
 * Makes the file, empty, for the owner of its folder; nothing happens where it is there. It is for nobody else to read: SQLite gives
 * the files beside it the same mode.
 * @throws AppError STT_FOREIGN_LINK (exit 77) where root is led somewhere else.
 */
export function makeForFolderOwner(file: string): void {
  requirePlainFiles(file);
  const owner = strangerOwning(path.dirname(file));
  try {
    // Fails where there is one, also a link.
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);
    const descriptor = openSync(file, flags, 0o600);
    try {
      if (owner !== undefined) fchownSync(descriptor, owner.uid, owner.gid);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    // Somebody was faster, and may have laid a link there.
    requirePlainFiles(file);
  }
}

/**
 * Before root opens a database in a folder of another user, and what belongs to it. For others there is nothing to check: a link leads
 * them no further than they may go.
 * @throws AppError STT_FOREIGN_LINK (exit 77) where something there is no plain file.
 */
export function requirePlainFiles(database: string): void {
  refuseLinksOfOthers(path.dirname(database));
  if (strangerOwning(path.dirname(database)) === undefined) return;
  for (const file of endings.map((ending) => database + ending)) {
    const found = lstatSync(file, { throwIfNoEntry: false });
    // Another name of a file of the machine would be as bad as a link.
    if (found === undefined || (found.isFile() && found.nlink === 1)) continue;
    throw foreignLink(file, found);
  }
}

/**
 * Does it with the rights of the folder's owner where we are root and that is somebody else: between a look and an opening somebody may
 * be faster. Not in a thread, where Node.js cannot change them, and so not for a server that root runs.
 */
export function asFolderOwner<T>(folder: string, work: () => T): T {
  const owner = isMainThread ? strangerOwning(folder) : undefined;
  if (owner === undefined || !become(owner)) return work();
  try {
    return work();
  } finally {
    becomeRoot();
  }
}

/** A root without that capability, as in some containers, cannot: then the looks have to do. */
function become({ uid, gid }: Owner): boolean {
  try {
    process.setegid?.(gid);
    process.seteuid?.(uid);
    return true;
  } catch {
    becomeRoot();
    return false;
  }
}

function becomeRoot(): void {
  process.seteuid?.(0);
  process.setegid?.(0);
}

/** On the way to the folder: links of root's own are his to make. */
function refuseLinksOfOthers(folder: string): void {
  if (process.getuid?.() !== 0) return;
  const above = path.dirname(folder);
  if (above !== folder) refuseLinksOfOthers(above);
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() === true && found.uid !== 0) throw foreignLink(folder, found);
}

function foreignLink(file: string, found: Stats): AppError {
  const what = found.isSymbolicLink() ? 'a link' : found.isFile() ? 'a file with other names as well' : 'no plain file';
  return new AppError(`${file} is ${what}, in a folder of another user: root does not follow where that may lead.`, {
    code: 'STT_FOREIGN_LINK',
    hint: 'Look who made it, and take it away; or name the database by the path where it really lies (DB_FILE, or --database).',
    exitCode: exitCodes.noPermission,
  });
}

/** Undefined where we are not root, or root owns the folder. */
function strangerOwning(folder: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const found = statSync(folder, { throwIfNoEntry: false });
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}
