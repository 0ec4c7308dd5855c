/**
 * An online backup of the task database: `await backupStore(databaseFile, target, { force, onProgress })`, from any process, while a
 * server runs. The copy is one moment of the database, whole in itself, checked, and durable when this resolves; until then nothing
 * of the name `target` changes.
 */
import { randomBytes } from 'node:crypto';
import { link, open, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { AppError, messageOf, systemErrorCode } from '../../../src/app-error.ts';
import { syncDirectory, temporarySuffix } from '../../../src/atomic-file.ts';
import { exitCodes } from '../../../src/exit-codes.ts';
import { databaseFileAt, ownerOf } from './database-file.ts';
import { busyTimeoutMs, requireWhole } from './open-database.ts';

export type BackupOptions = {
  /** Replaces `target` where there is one. */
  force?: boolean;
  /** 0 to 1. */
  onProgress?: (fraction: number) => void;
};

const pagesAStep = 2000;

/** @throws AppError where there is no database, the target is taken, or it cannot be written. */
export async function backupStore(file: string, target: string, options: BackupOptions = {}): Promise<void> {
  const source = databaseFileAt(file).file;
  const wanted = path.resolve(target);
  const temporary = path.join(path.dirname(wanted), `.${randomBytes(6).toString('hex')}${temporarySuffix}`);
  try {
    if (ownerOf(source) !== 'us') throw backupError(`There is no task database ${source}.`, 'Name it with --database.');
    await requireFree(wanted, source, options.force === true);
    await copy(source, temporary, options.onProgress);
    checkCopy(temporary, source);
    await sync(temporary);
    await name(temporary, wanted, options.force === true);
    await syncDirectory(path.dirname(wanted));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw backupError(
      `The backup ${wanted} cannot be made: ${messageOf(error)}.`,
      'Name a file in a directory that this user may write, with room for the whole database.',
      error,
    );
  } finally {
    await Promise.all(['', '-wal', '-shm', '-journal'].map((end) => rm(temporary + end, { force: true })));
  }
}

async function copy(source: string, temporary: string, onProgress?: (fraction: number) => void): Promise<void> {
  const db = new DatabaseSync(source, { timeout: busyTimeoutMs });
  try {
    // A snapshot: else each commit of the server would make the copy start anew. It stops no writer.
    db.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    await backup(db, temporary, {
      rate: pagesAStep,
      progress: ({ totalPages, remainingPages }) =>
        onProgress?.(totalPages === 0 ? 1 : 1 - remainingPages / totalPages),
    });
    db.exec('COMMIT');
    onProgress?.(1);
  } finally {
    db.close();
  }
}

/** One file without a log beside it, and nothing damaged in it. */
function checkCopy(temporary: string, source: string): void {
  const db = new DatabaseSync(temporary);
  try {
    db.exec('PRAGMA journal_mode = DELETE');
    requireWhole(db, source);
  } finally {
    db.close();
  }
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function requireFree(wanted: string, source: string, isForced: boolean): Promise<void> {
  const found = await realpath(wanted).catch(() => undefined);
  if (found === undefined) return;
  const own = await realpath(source);
  if ([own, `${own}-wal`, `${own}-shm`].includes(found) || (await isSameFile(found, own))) {
    throw backupError(`${wanted} is the task database itself.`, 'Name another file.');
  }
  if (!isForced) throw taken(wanted);
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one), stat(other)]);
  return a.dev === b.dev && a.ino === b.ino;
}

async function name(temporary: string, wanted: string, isForced: boolean): Promise<void> {
  if (isForced) return rename(temporary, wanted);
  try {
    // Unlike rename() it fails where the name was taken meanwhile.
    await link(temporary, wanted);
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    if (code === 'EEXIST') throw taken(wanted);
    // FAT and some network shares know no links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
    await rename(temporary, wanted);
  }
}

function taken(wanted: string): AppError {
  return backupError(`There is a file ${wanted} already.`, 'Name another one, or replace it with --force.');
}

function backupError(message: string, hint: string, cause?: unknown): AppError {
  return new AppError(message, { code: 'STT_BACKUP', hint, exitCode: exitCodes.ioError, cause });
}
