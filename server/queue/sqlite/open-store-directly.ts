/**
 * The store in this very thread, for a command: it may open the file beside a running server, each verb is a commit of its own, and
 * blocks. The server itself uses `openStore`.
 */
import type { StorePolicy, TaskStoreVerbs } from '../task-store.ts';
import { openDatabase } from './open-database.ts';
import { sqliteTaskStore } from './sqlite-task-store.ts';

export type DirectStore = { store: TaskStoreVerbs; file: string; close: () => void };

/** @throws AppError (exit code 78) where the database cannot be used. */
export function openStoreDirectly(wanted: string, policy: StorePolicy): DirectStore {
  // The server checked the whole file at its start; a command need not take so long.
  const { db, file } = openDatabase(wanted, { isChecked: false });
  const { verbs } = sqliteTaskStore(db, { ...policy, jitter: Math.random });
  return { store: verbs, file, close: () => db.close() };
}
