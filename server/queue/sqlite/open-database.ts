/**
 * Opens the task database so that a commit means durable (WAL, synchronous=FULL, both read back), and only if it is ours, whole, and
 * on a local disk: a file of another program is left as it is. Knows pragmas and versions, no tasks.
 */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError, messageOf } from '../../../src/app-error.ts';
import { damagedError, databaseError } from './database-error.ts';
import {
  applicationId,
  type DatabaseFile,
  databaseFileAt,
  ownerOf,
  requireLocalDisk,
  requireOwnLog,
} from './database-file.ts';
import { asOwner, makeFolder, makeForOwner } from './give-to-folder-owner.ts';
import { migrate, schemaVersion } from './migrations.ts';
import { passingTrouble } from './passing-trouble.ts';

/** So long the store waits for another process (a command, a backup) to finish its own transaction. */
export const busyTimeoutMs = 5000;
/** Older ones may lose committed pages when a write meets a checkpoint (sqlite.org/wal.html, "WAL-reset bug"). */
const oldestSafeSqlite = [3, 51, 3] as const;

export type OpenDatabase = DatabaseFile & { db: DatabaseSync };

export type OpenOptions = {
  /** False for a command beside a running server, which has checked it. */
  isChecked?: boolean;
  /** Hears which file it is before that is touched. */
  onFound?: (file: string) => void;
};

export function openDatabase(file: string, options: OpenOptions = {}): OpenDatabase {
  const wanted = path.resolve(file);
  return explained(wanted, () => {
    const directory = path.dirname(wanted);
    makeFolder(directory);
    requireLocalDisk(directory);
    const found = asOwner(wanted, () => explained(wanted, () => databaseFileAt(wanted)));
    // What is wrong is asked within, with the owner's rights: root would find nothing forbidden.
    return asOwner(found.file, () => explained(found.file, () => openFound(found, options)));
  });
}

function openFound(found: DatabaseFile, { isChecked = true, onFound }: OpenOptions): OpenDatabase {
  const { file } = found;
  onFound?.(file);
  const isNew = ownerOf(file) === 'nobody';
  if (isNew) makeForOwner(file);
  requireOwnLog(file);
  const db = openOwn(file, isChecked && !isNew);
  // Its name must be as durable as what is committed to it.
  if (isNew) syncDirectory(path.dirname(file));
  return { ...found, db };
}

/** So that a person knows what to do, and a service whether to try again. */
function explained<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    const passing = passingTrouble(file, error);
    if (passing !== undefined) throw passing;
    throw databaseError(
      `The task database ${file} cannot be opened: ${messageOf(error)}.`,
      'Set DB_FILE (or --database) to a file on a local disk, in a directory that this user may write.',
      error,
    );
  }
}

function openOwn(file: string, isChecked: boolean): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    const version = String(read(db, 'SELECT sqlite_version()'));
    if (!isSafeSqlite(version)) {
      throw databaseError(`This Node.js brings SQLite ${version}, which may lose data.`, 'Use Node.js 24.15 or newer.');
    }
    // Before WAL, so that it stands in the file's own header, where ownerOf looks. Only once: a write would look like a change.
    if (read(db, 'PRAGMA application_id') !== applicationId) db.exec(`PRAGMA application_id = ${applicationId}`);
    setAndReadBack(db, 'journal_mode', 'wal', 'wal');
    setAndReadBack(db, 'synchronous', 'FULL', 2);
    // At most so much memory (KiB): with a million tasks the indexes do not fit into the 2 MB that SQLite takes by itself.
    db.exec('PRAGMA cache_size = -32768');
    const found = Number(read(db, 'PRAGMA user_version'));
    if (found > schemaVersion) {
      throw databaseError(
        `The task database ${file} was written by a newer version of stt.`,
        'Update stt, or set DB_FILE (or --database) to another file.',
      );
    }
    if (isChecked) requireWhole(db, file);
    migrate(db, found);
    return db;
  } catch (error) {
    db.close();
    throw isDamage(error) ? damagedError(file, messageOf(error), error) : error;
  }
}

/** Every page is read once; not what the indexes say, which takes several times as long. */
export function requireWhole(db: DatabaseSync, file: string): void {
  const finding = read(db, 'PRAGMA quick_check(1)');
  if (finding !== 'ok') throw damagedError(file, String(finding).replaceAll('\n', ' '));
}

/** SQLITE_CORRUPT, SQLITE_NOTADB. */
function isDamage(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return false;
  return [11, 26].includes(error.errcode & 0xff);
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Sets a pragma and reads it back: SQLite answers a setting that it cannot honour with silence. */
function setAndReadBack(db: DatabaseSync, pragma: string, value: string, expected: string | number): void {
  db.exec(`PRAGMA ${pragma} = ${value}`);
  const found = read(db, `PRAGMA ${pragma}`);
  if (found !== expected) throw new Error(`${pragma} is ${String(found)} instead of ${value} on this file system`);
}

function read(db: DatabaseSync, query: string): unknown {
  return Object.values(db.prepare(query).get() ?? {})[0];
}

export function isSafeSqlite(version: string): boolean {
  const parts = version.split('.').map(Number);
  const differing = oldestSafeSqlite.findIndex((oldest, index) => parts[index] !== oldest);
  return differing === -1 || (parts[differing] ?? 0) > (oldestSafeSqlite[differing] ?? 0);
}
