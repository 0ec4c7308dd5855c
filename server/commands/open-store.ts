/** Opens the task database for a command: the same file that the server uses, found the same way. */
import path from 'node:path';
import { AppError, messageOf } from '../../src/app-error.ts';
import { dataPaths } from '../../src/config/data-paths.ts';
import { dataFolder, loadServerSettings } from '../../src/config/load-settings.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import { databaseFileAt, ownerOf } from '../queue/sqlite/database-file.ts';
import { openStoreDirectly } from '../queue/sqlite/open-store-directly.ts';
import type { TaskStoreVerbs } from '../queue/task-store.ts';

export type OpenStore = Disposable & { store: TaskStoreVerbs; file: string };

/** @param isMade where there is none yet; else that is an error. */
export function openStore(database: string | undefined, isMade: boolean): OpenStore {
  const { settings, file } = databaseFile(database);
  if (!isMade) requireDatabase(file);
  const { maxAttempts, order } = settings;
  const opened = openStoreDirectly(file, { maxAttempts, order });
  return { store: opened.store, file: opened.file, [Symbol.dispose]: () => opened.close() };
}

export function databaseFile(database: string | undefined) {
  const settings = loadServerSettings({ DB_FILE: database });
  return { settings, file: path.resolve(settings.databaseFile ?? dataPaths(dataFolder(settings)).database) };
}

export function requireDatabase(file: string): void {
  if (isThere(file)) return;
  throw new AppError(`There is no task database ${file}.`, {
    code: 'STT_DATABASE_MISSING',
    hint: 'Name the one that the server uses: --database FILE, or DB_FILE or STT_DATA_DIR as the server has them.',
    exitCode: exitCodes.noInput,
  });
}

function isThere(file: string): boolean {
  try {
    // Also where the name is taken by the ancestor's, and ours would lie beside it.
    return ownerOf(databaseFileAt(file).file) === 'us';
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(`The task database ${file} cannot be read: ${messageOf(error)}.`, {
      code: 'STT_DATABASE',
      hint: 'Name the file that the server uses (--database FILE, or DB_FILE), and run this as a user who may read and write it.',
      exitCode: exitCodes.noInput,
      cause: error,
    });
  }
}
