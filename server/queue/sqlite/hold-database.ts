/**
 * One server for each database. Two of the same library would get along; two of different ones would take each other's tasks for
 * recordings that vanished. The hold is a lock of the system on a file beside the database, so it ends with the process, however that
 * ends. Commands do not take it: they may work beside the server.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError, messageOf, systemErrorCode } from '../../../src/app-error.ts';
import { exitCodes } from '../../../src/exit-codes.ts';
import { databaseError } from './database-error.ts';
import { notOurs, requireAccess } from './database-file.ts';
import { makeForOwner } from './give-to-folder-owner.ts';
import { isTaken, passingTrouble } from './passing-trouble.ts';

/** A server that is about to end may have this long. */
const patienceMs = 2000;

export type Hold = { release: () => void };

/**
 * @throws AppError where another server holds the database (exit 78), where the lock is not ours to take (77), and where the machine
 * does not let us, for now (74, 75).
 */
export function holdDatabase(file: string): Hold {
  const lock = `${file}.lock`;
  let db: DatabaseSync | undefined;
  try {
    makeForOwner(lock, file);
    // SQLite opens what may only be read, and then has locked nothing.
    requireAccess(lock);
    db = new DatabaseSync(lock, { timeout: patienceMs });
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    if (isTaken(error)) throw takenByAnother(file, error);
    if (systemErrorCode(error) === 'EACCES') throw forbidden(lock, file, error);
    throw passingTrouble(lock, error) ?? error;
  }
  const held = db;
  return { release: () => held.close() };
}

const takenByAnother = (file: string, cause: unknown): Error =>
  databaseError(
    `Another server uses the task database ${file}.`,
    'Stop that one, or give this one a file of its own with DB_FILE (or --database).',
    cause,
  );

function forbidden(lock: string, file: string, cause: unknown): AppError {
  if (existsSync(lock)) return notOurs([lock], file, cause);
  return new AppError(`The lock of a server cannot be made: ${messageOf(cause)}.`, {
    code: 'STT_DATABASE_PERMISSION',
    hint: `Let this user write in ${path.dirname(lock)}, or set DB_FILE (or --database) to a file in a directory where he may.`,
    exitCode: exitCodes.noPermission,
    cause,
  });
}
