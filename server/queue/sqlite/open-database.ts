/**
 * Opens the task database so that a commit means durable (WAL, synchronous=FULL, both read back), and only if it is ours: a file of
 * another program is left as it is. Knows pragmas and versions, no tasks.
 */
import { closeSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError, messageOf } from '../../../src/app-error.ts';
import { exitCodes } from '../../../src/exit-codes.ts';
import { migrate, schemaVersion } from './migrations.ts';

/** "Stt1", in the header of the file: this database is ours. */
const applicationId = 0x53_74_74_31;
/** The whole server waits so long: node:sqlite blocks the event loop. */
const busyTimeoutMs = 1000;
/** Older ones may lose committed pages when a write meets a checkpoint (sqlite.org/wal.html, "WAL-reset bug"). */
const oldestSafeSqlite = [3, 51, 3] as const;

export type OpenDatabase = {
  db: DatabaseSync;
  file: string;
  /** The file that was asked for, where it belongs to another program. */
  foreignFile: string | undefined;
};

/** Opens `file`, or `file.stt.sqlite` where `file` is another program's (the ancestor's DB_FILE). */
export function openDatabase(file: string): OpenDatabase {
  const wanted = path.resolve(file);
  try {
    mkdirSync(path.dirname(wanted), { recursive: true });
    if (ownerOf(wanted) !== 'other') return { db: openOwn(wanted), file: wanted, foreignFile: undefined };
    const sibling = `${wanted}.stt.sqlite`;
    if (ownerOf(sibling) === 'other') throw new Error(`${sibling} is not a task database of stt either`);
    return { db: openOwn(sibling), file: sibling, foreignFile: wanted };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw databaseError(
      `The task database ${wanted} cannot be opened: ${messageOf(error)}.`,
      'Set DB_FILE (or --database) to a file on a local disk, in a directory that this user may write.',
      error,
    );
  }
}

/** Looks at the header only, so that nothing of a foreign file changes. */
function ownerOf(file: string): 'nobody' | 'us' | 'other' {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return 'nobody';
  const header = Buffer.alloc(100);
  const descriptor = openSync(file, 'r');
  try {
    const length = readSync(descriptor, header);
    const isSqlite = length === 100 && header.toString('latin1', 0, 16) === 'SQLite format 3\0';
    return isSqlite && header.readUInt32BE(68) === applicationId ? 'us' : 'other';
  } finally {
    closeSync(descriptor);
  }
}

function openOwn(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    const version = String(read(db, 'SELECT sqlite_version()'));
    if (!isSafeSqlite(version)) {
      throw databaseError(`This Node.js brings SQLite ${version}, which may lose data.`, 'Use Node.js 24.15 or newer.');
    }
    // Before WAL, so that it stands in the file's own header, where ownerOf looks.
    db.exec(`PRAGMA application_id = ${applicationId}`);
    setAndReadBack(db, 'journal_mode', 'wal', 'wal');
    setAndReadBack(db, 'synchronous', 'FULL', 2);
    const found = Number(read(db, 'PRAGMA user_version'));
    if (found > schemaVersion) {
      throw databaseError(
        `The task database ${file} was written by a newer version of stt.`,
        'Update stt, or set DB_FILE (or --database) to another file.',
      );
    }
    migrate(db, found);
    return db;
  } catch (error) {
    db.close();
    throw error;
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

function databaseError(message: string, hint: string, cause?: unknown): AppError {
  return new AppError(message, { code: 'STT_DATABASE', hint, exitCode: exitCodes.config, cause });
}
