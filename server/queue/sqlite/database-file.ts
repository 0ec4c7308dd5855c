/** Whose file it is, and whether a database may lie there at all. Looks at names, headers and file systems; opens no database. */
import { accessSync, closeSync, constants, openSync, readSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { networkFileSystem } from '../../network-file-system.ts';
import { AppError, messageOf, systemErrorCode } from '../../../src/app-error.ts';
import { exitCodes } from '../../../src/exit-codes.ts';
import { databaseError } from './database-error.ts';
import { requirePlainFiles } from './give-to-folder-owner.ts';

/** "Stt1", in the header of the file: this database is ours. */
export const applicationId = 0x53_74_74_31;

export type DatabaseFile = {
  file: string;
  /** The file that was asked for, where it belongs to another program. */
  foreignFile: string | undefined;
};

/** `file`, or `file.stt.sqlite` where `file` is another program's (the ancestor's DB_FILE). */
export function databaseFileAt(file: string): DatabaseFile {
  const wanted = path.resolve(file);
  // Before it is opened: reading from a pipe would wait for ever.
  requirePlainFiles(wanted);
  if (ownerOf(wanted) !== 'other') return { file: wanted, foreignFile: undefined };
  const sibling = `${wanted}.stt.sqlite`;
  requirePlainFiles(sibling);
  if (ownerOf(sibling) === 'other') throw new Error(`${sibling} is not a task database of stt either`);
  return { file: sibling, foreignFile: wanted };
}

/** Looks at the header only, so that nothing of a foreign file changes. */
export function ownerOf(file: string): 'nobody' | 'us' | 'other' {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return 'nobody';
  const header = Buffer.alloc(100);
  const descriptor = openSync(file, 'r');
  try {
    const length = readSync(descriptor, header);
    // A first start that was stopped, or found the disk full. SQLite takes such a file for a new one as well.
    if (length === 0) return 'nobody';
    const isSqlite = length === 100 && header.toString('latin1', 0, 16) === 'SQLite format 3\0';
    return isSqlite && header.readUInt32BE(68) === applicationId ? 'us' : 'other';
  } finally {
    closeSync(descriptor);
  }
}

/** @throws the system's error where the file may not be read and written, with the rights that we have now. */
export function requireAccess(file: string): void {
  // access() asks for the rights of who started us. Only where these are others we open it: to close it again would give up each lock
  // that this process has on it.
  if (process.geteuid?.() === process.getuid?.()) accessSync(file, constants.R_OK | constants.W_OK);
  else closeSync(openSync(file, 'r+'));
}

/**
 * Another user who may only read the database, but make files beside it, leaves a log of his own there. SQLite would find out at the
 * first commit only.
 * @throws AppError STT_DATABASE_PERMISSION (exit 77)
 */
export function requireOwnLog(database: string): void {
  // Who cannot write the database writes no log either.
  if (whyShut(database) !== undefined) return;
  const shut = ['-wal', '-shm', '-journal']
    .map((ending) => database + ending)
    .filter((file) => whyShut(file) === 'EACCES');
  if (shut.length > 0) throw notOurs(shut, database);
}

/** What lies beside the database, and must be written by who uses it, is somebody else's. */
export function notOurs(files: readonly string[], database: string, cause?: unknown): AppError {
  const [us, group] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const names = files.join(' ');
  const owners = new Set(files.map((file) => statSync(file).uid));
  const { uid, gid } = statSync(database, { throwIfNoEntry: false }) ?? { uid: us, gid: group };
  const isWrongUser = owners.has(uid) && uid !== us;
  return new AppError(
    `User ${us} may not write ${names} (of user ${[...owners].join(', ')}), and so not use the task database.`,
    {
      code: 'STT_DATABASE_PERMISSION',
      hint: isWrongUser
        ? `Do this as user ${uid}, who has the database as well.`
        : `Give that to the owner of the database: sudo chown ${uid}:${gid} ${names} && sudo chmod u=rw ${names}. Only that user should work with the database.`,
      exitCode: exitCodes.noPermission,
      cause,
    },
  );
}

function whyShut(file: string): string | undefined {
  try {
    requireAccess(file);
    return undefined;
  } catch (error) {
    return systemErrorCode(error) ?? messageOf(error);
  }
}

/**
 * The log beside the database is shared memory and locks, which hold on one machine only (sqlite.org/wal.html). FUSE may be either,
 * and is allowed.
 */
export function requireLocalDisk(directory: string): void {
  // Other systems number them in other ways.
  if (process.platform !== 'linux') return;
  const found = networkFileSystem(statfsSync(directory).type);
  if (found === undefined) return;
  throw databaseError(
    `The task database cannot lie on a network file system: ${directory} is ${found}, where SQLite may lose or damage it.`,
    'Set DB_FILE (or --database) to a file on a local disk of the server. The library itself may stay where it is.',
  );
}
