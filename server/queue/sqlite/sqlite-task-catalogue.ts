/** The tasks as the scan of the library sees them, in SQLite: read folder by folder, changed in one guarded transaction each. */
import type { DatabaseSync } from 'node:sqlite';
import type { KnownTask, LibraryChange, TaskCatalogue } from '../task-catalogue.ts';
import { startsFrom } from '../task-state.ts';
import { inTransaction, sqlList } from './transaction.ts';

export class SqliteTaskCatalogue implements TaskCatalogue {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = prepareStatements(db);
  }

  async folders(): Promise<string[]> {
    return (this.#statements.folders.all() as { folder: string }[]).map((row) => row.folder);
  }

  async tasksIn(folder: string): Promise<KnownTask[]> {
    const rows = this.#statements.tasksIn.all({ folder }) as (Omit<KnownTask, 'isOffered'> & { is_offered: number })[];
    return rows.map(({ is_offered: isOffered, ...task }) => ({ ...task, isOffered: isOffered === 1 }));
  }

  async apply(changes: readonly LibraryChange[], now: number): Promise<LibraryChange[]> {
    if (changes.length === 0) return [];
    return inTransaction(this.#db, () => changes.filter((change) => Number(this.#run(change, now).changes) > 0));
  }

  async countOpen(): Promise<number> {
    return (this.#statements.countOpen.get() as { open: number }).open;
  }

  #run(change: LibraryChange, now: number): { changes: number | bigint } {
    const place = splitPath(change.path);
    if (change.kind === 'remove') return this.#statements.remove.run(place);
    if (change.kind === 'find' || change.kind === 'withhold')
      return this.#statements[change.kind].run({ ...place, now });
    const { language } = change;
    if (change.kind === 'language' || change.kind === 'offer') {
      return this.#statements[change.kind].run({ ...place, language, now });
    }
    return this.#statements[change.kind].run({ ...place, language, fingerprint: change.fingerprint, now });
  }
}

function splitPath(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(db: DatabaseSync) {
  const startAnew = (from: readonly string[]) =>
    db.prepare(`
      UPDATE tasks
      SET state = 'pending', is_offered = 1, attempts = 0, reason = NULL, language = :language, changed_at = :now,
        fingerprint = :fingerprint, recording_sha256 = CASE WHEN fingerprint = :fingerprint THEN recording_sha256 END
      WHERE folder = :folder AND name = :name AND state IN (${sqlList(from)})`);
  return {
    folders: db.prepare('SELECT DISTINCT folder FROM tasks'),
    tasksIn: db.prepare('SELECT name, state, fingerprint, language, is_offered FROM tasks WHERE folder = :folder'),
    countOpen: db.prepare(
      `SELECT count(*) AS open FROM tasks WHERE state NOT IN (${sqlList(startsFrom.reopen)}) AND state <> 'dead'`,
    ),
    add: db.prepare(`
      INSERT INTO tasks (folder, name, language, fingerprint, state, created_at, changed_at)
      VALUES (:folder, :name, :language, :fingerprint, 'pending', :now, :now)
      ON CONFLICT DO NOTHING`),
    replace: startAnew(startsFrom.replace),
    reopen: startAnew(startsFrom.reopen),
    withhold: db.prepare(`
      UPDATE tasks SET is_offered = 0, changed_at = :now
      WHERE folder = :folder AND name = :name AND is_offered = 1 AND state IN (${sqlList(startsFrom.withhold)})`),
    offer: db.prepare(`
      UPDATE tasks SET is_offered = 1, language = :language, changed_at = :now
      WHERE folder = :folder AND name = :name AND state IN (${sqlList(startsFrom.offer)})`),
    language: db.prepare(`
      UPDATE tasks SET language = :language, changed_at = :now
      WHERE folder = :folder AND name = :name AND state IN (${sqlList(startsFrom.language)})`),
    find: db.prepare(`
      UPDATE tasks SET state = 'done', reason = NULL, changed_at = :now
      WHERE folder = :folder AND name = :name AND state IN (${sqlList(startsFrom.find)})`),
    remove: db.prepare(`
      DELETE FROM tasks WHERE folder = :folder AND name = :name AND state IN (${sqlList(startsFrom.remove)})`),
  };
}
