/**
 * One server for each database. Two of the same library would get along; two of different ones would take each other's tasks for
 * recordings that vanished. The hold is a lock of the system on a file beside the database, so it ends with the process, however that
 * ends. Commands do not take it: they may work beside the server.
 */
import { DatabaseSync } from 'node:sqlite';
import { databaseError } from './database-error.ts';
import { makeForFolderOwner } from './give-to-folder-owner.ts';
import { isTaken, passingTrouble } from './passing-trouble.ts';

/** A server that is about to end may have this long. */
const patienceMs = 2000;

export type Hold = { release: () => void };

/** @throws AppError where another server holds the database (exit 78), and where the machine does not let us, for now (74, 75). */
export function holdDatabase(file: string): Hold {
  const lock = `${file}.lock`;
  let db: DatabaseSync | undefined;
  try {
    makeForFolderOwner(lock);
    db = new DatabaseSync(lock, { timeout: patienceMs });
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    if (isTaken(error)) throw takenByAnother(file, error);
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
