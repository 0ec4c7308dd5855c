/** The whole store over one database connection: the verbs by parts, with the transactions that they share. */
import type { DatabaseSync } from 'node:sqlite';
import type { TaskStoreVerbs } from '../task-store.ts';
import { sqliteCredentials } from './sqlite-credentials.ts';
import { sqliteTaskCatalogue } from './sqlite-task-catalogue.ts';
import { sqliteTaskDesk } from './sqlite-task-desk.ts';
import { type AttemptPolicy, sqliteTaskQueue } from './sqlite-task-queue.ts';
import { Transactions } from './transactions.ts';

export type SqliteTaskStore = { verbs: TaskStoreVerbs; transactions: Transactions };

export function sqliteTaskStore(db: DatabaseSync, policy: AttemptPolicy): SqliteTaskStore {
  const transactions = new Transactions(db);
  // SQLite writes the page again, whether or not it changed.
  const rewrite = db.prepare('UPDATE task_counts SET tasks = tasks');
  const verbs: TaskStoreVerbs = {
    ...sqliteTaskQueue(db, transactions, policy),
    ...sqliteTaskCatalogue(db, transactions),
    ...sqliteTaskDesk(db, transactions),
    ...sqliteCredentials(db, transactions),
    proveWritable: () => transactions.write(() => void rewrite.run()),
  };
  return { verbs, transactions };
}
