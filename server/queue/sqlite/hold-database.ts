/**
 * One server for each database. Two of the same library would get along; two of different ones would take each other's tasks for
 * recordings that vanished. The hold is a lock of the system on a file beside the database, so it ends with the process, however that
 * ends. Commands do not take it: they may work beside the server.
 */
import { DatabaseSync } from 'node:sqlite';
import { databaseError } from './database-error.ts';
import { makeForFolderOwner } from './give-to-folder-owner.ts';
import { isStoreTrouble } from './store-trouble.ts';

/** A server that is about to end may have this long. */
const patienceMs = 2000;

export type Hold = { release: () => void };

/** @throws AppError where another server holds the database. */
export function holdDatabase(file: string): Hold {
  makeForFolderOwner(`${file}.lock`);
  const lock = new DatabaseSync(`${file}.lock`, { timeout: patienceMs });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isStoreTrouble(error)) throw error;
    throw databaseError(
      `Another server uses the task database ${file}.`,
      'Stop that one, or give this one a file of its own with DB_FILE (or --database).',
      error,
    );
  }
  return { release: () => lock.close() };
}
