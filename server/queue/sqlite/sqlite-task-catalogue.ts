/** The tasks as the scan of the library sees them, in SQLite: read folder by folder, changed in one guarded transaction each. */
import type { DatabaseSync } from 'node:sqlite';
import type { KnownTask, LibraryChange, TaskCatalogueVerbs } from '../task-catalogue.ts';
import { startsFrom } from '../task-state.ts';
import { changed, sqlList, type Transactions } from './transactions.ts';

export function sqliteTaskCatalogue(db: DatabaseSync, transactions: Transactions): TaskCatalogueVerbs {
  const sql = prepareStatements(db);
  return {
    folders: () => (sql.folders.all() as { folder: string }[]).map((row) => row.folder),

    tasksIn(folder, after, limit) {
      const rows = sql.tasksIn.all({ folder, after, limit }) as (Omit<KnownTask, 'isOffered'> & {
        is_offered: number;
      })[];
      return rows.map(({ is_offered: isOffered, ...task }) => ({ ...task, isOffered: isOffered === 1 }));
    },

    apply(changes, now) {
      if (changes.length === 0) return [];
      return transactions.write(() => changes.filter((change) => changed(run(sql, change, now))));
    },

    countOpen: () => (sql.countOpen.get() as { open: number }).open,
  };
}

function run(sql: Statements, change: LibraryChange, now: number): { changes: number | bigint } {
  const place = splitPath(change.path);
  switch (change.kind) {
    case 'remove':
      return sql.remove.run(place);
    case 'find':
    case 'withhold':
      return sql[change.kind].run({ ...place, now });
    case 'language':
    case 'offer':
      return sql[change.kind].run({ ...place, language: change.language, now });
    case 'digest':
      return sql.digest.run({ ...place, fingerprint: change.fingerprint, sha256: change.sha256 });
    case 'add':
    case 'replace':
    case 'reopen': {
      const { language, fingerprint, sizeBytes } = change;
      return sql[change.kind].run({ ...place, language, fingerprint, sizeBytes, now });
    }
  }
  return change satisfies never;
}

function splitPath(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(db: DatabaseSync) {
  const place = 'folder = :folder AND name = :name';
  const startAnew = (from: readonly string[], condition: string) =>
    db.prepare(`
      UPDATE tasks
      SET state = 'pending', is_offered = 1, attempts = 0, reason = NULL, language = :language, changed_at = :now,
        fingerprint = :fingerprint, size_bytes = :sizeBytes,
        recording_sha256 = CASE WHEN fingerprint = :fingerprint THEN recording_sha256 END
      WHERE ${place} AND state IN (${sqlList(from)}) AND ${condition}`);
  return {
    folders: db.prepare('SELECT DISTINCT folder FROM tasks'),
    tasksIn: db.prepare(`
      SELECT name, state, fingerprint, language, is_offered FROM tasks
      WHERE folder = :folder AND name > :after ORDER BY name LIMIT :limit`),
    countOpen: db.prepare(`SELECT sum(tasks) AS open FROM task_counts WHERE state IN ('pending', 'leased', 'waiting')`),
    add: db.prepare(`
      INSERT INTO tasks (folder, name, language, fingerprint, size_bytes, state, created_at, changed_at)
      VALUES (:folder, :name, :language, :fingerprint, :sizeBytes, 'pending', :now, :now)
      ON CONFLICT DO NOTHING`),
    replace: startAnew(startsFrom.replace, 'fingerprint <> :fingerprint'),
    reopen: startAnew(startsFrom.reopen, 'true'),
    withhold: db.prepare(`
      UPDATE tasks SET is_offered = 0, changed_at = :now
      WHERE ${place} AND is_offered = 1 AND state IN (${sqlList(startsFrom.withhold)})`),
    offer: db.prepare(`
      UPDATE tasks SET is_offered = 1, language = :language, changed_at = :now
      WHERE ${place} AND state IN (${sqlList(startsFrom.offer)})`),
    language: db.prepare(`
      UPDATE tasks SET language = :language, changed_at = :now
      WHERE ${place} AND state IN (${sqlList(startsFrom.language)})`),
    digest: db.prepare(`UPDATE tasks SET recording_sha256 = :sha256 WHERE ${place} AND fingerprint = :fingerprint`),
    find: db.prepare(`
      UPDATE tasks SET state = 'done', reason = NULL, changed_at = :now
      WHERE ${place} AND state IN (${sqlList(startsFrom.find)})`),
    remove: db.prepare(`DELETE FROM tasks WHERE ${place} AND state IN (${sqlList(startsFrom.remove)})`),
  };
}
