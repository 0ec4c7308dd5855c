/**
 * What root makes in a folder of another user belongs to that user: `sudo stt-server worker add` before the service's first start must
 * not leave a database that the service cannot write. Where the database is there, its owner counts: the service may write in a folder
 * of somebody else. SQLite itself gives the files beside the database to the database's owner. It follows links as well: so that nobody
 * leads root to a file of the machine, in such a folder only plain files are touched.
 */
import {
  closeSync,
  constants,
  fchownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
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
 * Makes the file, empty, for the owner of the database that it lies beside, or of the folder where there is none yet; nothing happens
 * where the file is there. It is for nobody else to read: SQLite gives the files beside it the same mode.
 * @throws AppError STT_FOREIGN_LINK (exit 77) where root is led somewhere else.
 */
export function makeForOwner(file: string, database = file): void {
  requirePlainFiles(file);
  const owner = strangerBehind(database);
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
 * In a folder of somebody else, does it with the rights of the database's owner (the folder's, where there is no database yet) where we
 * are root: between a look and an opening somebody may be faster. The looks alone have to do
 * - in a thread, where Node.js cannot change the rights, and so for a server that root runs;
 * - where the database is root's own, as that server leaves it: refused, its tasks could not even be listed;
 * - where a folder of others shuts the owner out, as above a container's volumes: he could not get there at all.
 */
export function asOwner<T>(database: string, work: () => T): T {
  const folder = path.dirname(database);
  const isOthers = isMainThread && strangerOwning(folder) !== undefined;
  const owner = isOthers ? strangerBehind(database) : undefined;
  if (owner === undefined) return work();
  const real = realpathSync(folder);
  const shut = withRightsOf(owner, () => shutFolder(real));
  // Who shuts himself out must not get root's rights by that.
  if (shut !== undefined && statSync(shut).uid !== owner.uid) return work();
  return withRightsOf(owner, work);
}

function withRightsOf<T>(owner: Owner, work: () => T): T {
  const goBack = become(owner);
  try {
    return work();
  } finally {
    goBack();
  }
}

/** What it gives goes back to root. A root without that capability, as in some containers, cannot: then nothing happens. */
function become({ uid, gid }: Owner): () => void {
  const before = {
    uid: process.geteuid?.() ?? uid,
    gid: process.getegid?.() ?? gid,
    groups: process.getgroups?.() ?? [],
  };
  try {
    // First, while we are root. Those of root (disk, adm) would open more than the owner may.
    setGroups(uid, gid);
  } catch {
    return () => {};
  }
  const goBack = (): void => {
    // First, since only root may choose the others.
    process.seteuid?.(before.uid);
    process.setegid?.(before.gid);
    process.setgroups?.(before.groups);
  };
  try {
    process.setegid?.(gid);
    process.seteuid?.(uid);
    return goBack;
  } catch {
    goBack();
    return () => {};
  }
}

/** By one of the owner's groups the folder may be open to him. */
function setGroups(uid: number, gid: number): void {
  // The types of Node.js leave it out.
  const { initgroups } = process as { initgroups?: (user: number, group: number) => void };
  try {
    initgroups?.(uid, gid);
  } catch {
    // A user whom this machine does not know, as of a container.
    process.setgroups?.([gid]);
  }
}

/** The first folder on the way that does not let us through, with the rights that we have now. */
function shutFolder(folder: string): string | undefined {
  const above = path.dirname(folder);
  const found = above === folder ? undefined : shutFolder(above);
  if (found !== undefined) return found;
  try {
    // Something in it: to see the folder alone, those above it are enough.
    statSync(`${folder}/.`);
    return undefined;
  } catch (error) {
    return systemErrorCode(error) === 'EACCES' ? folder : undefined;
  }
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

/** Whose the database is, or else its folder. A link or another name tells nothing of who laid it. */
function strangerBehind(database: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const found = lstatSync(database, { throwIfNoEntry: false });
  return found?.isFile() === true && found.nlink === 1 ? stranger(found) : strangerOwning(path.dirname(database));
}

/** Undefined where we are not root, or root owns the folder. */
function strangerOwning(folder: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return stranger(statSync(folder, { throwIfNoEntry: false }));
}

function stranger(found: Stats | undefined): Owner | undefined {
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}
