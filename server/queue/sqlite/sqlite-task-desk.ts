/** What a person asks of the tasks, in SQLite. Selections are counted, listed and changed by the same conditions. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { PastLease, QueueFigures, TaskDeskVerbs, TaskSelection, TaskSummary } from '../task-desk.ts';
import type { LeaseOutcome } from '../task-queue.ts';
import { startsFrom, type TaskState } from '../task-state.ts';
import { sqlList, type Transactions } from './transactions.ts';

const cancelReason = 'cancelled by a person';

export function sqliteTaskDesk(db: DatabaseSync, transactions: Transactions): TaskDeskVerbs {
  const sql = prepareStatements(db);
  const runOn = (statement: string, selection: TaskSelection, values: Values = {}): number => {
    const { conditions, values: selected } = conditionsOf(selection);
    return Number(db.prepare(`${statement} AND ${conditions}`).run({ ...selected, ...values }).changes);
  };
  const show: TaskDeskVerbs['show'] = (taskId) => {
    const row = sql.task.get({ taskId }) as TaskRow | undefined;
    if (row === undefined) return undefined;
    return { ...summaryFrom(row), leases: (sql.leases.all({ taskId }) as LeaseRow[]).map(pastLeaseFrom) };
  };

  return {
    show,

    list(selection, { after, limit }) {
      // Each state by itself, so that a few dead tasks are found among a million others at once.
      const rows = statesOf(selection).flatMap((state) => {
        const { conditions, values } = conditionsOf({ ...selection, states: [state] });
        const page = db.prepare(`
          SELECT ${summaryColumns} FROM tasks WHERE ${conditions} AND task_id > :after ORDER BY task_id LIMIT :limit`);
        return page.all({ ...values, after, limit }) as TaskRow[];
      });
      return rows
        .toSorted((one, other) => one.task_id - other.task_id)
        .slice(0, limit)
        .map(summaryFrom);
    },

    count(selection) {
      const { conditions, values } = conditionsOf(selection);
      return (db.prepare(`SELECT count(*) AS tasks FROM tasks WHERE ${conditions}`).get(values) as { tasks: number })
        .tasks;
    },

    retry: (selection, now) =>
      transactions.write(() =>
        runOn(
          `UPDATE tasks SET state = 'pending', attempts = 0, reason = NULL, changed_at = :now
          WHERE state IN (${sqlList(startsFrom.revive)})`,
          selection,
          { now },
        ),
      ),

    cancel: (selection, now) =>
      transactions.write(() => {
        const { conditions, values } = conditionsOf(selection);
        db.prepare(
          `
          UPDATE leases SET ended_at = :now, outcome = 'cancelled', reason = :reason
          WHERE ended_at IS NULL AND task_id IN (SELECT task_id FROM tasks WHERE state = 'leased' AND ${conditions})`,
        ).run({
          ...values,
          now,
          reason: cancelReason,
        });
        return runOn(
          `UPDATE tasks SET state = 'dead', reason = :reason, changed_at = :now
          WHERE state IN (${sqlList(startsFrom.cancel)})`,
          selection,
          { now, reason: cancelReason },
        );
      }),

    purge: (selection) =>
      transactions.write(() => runOn(`DELETE FROM tasks WHERE state IN (${sqlList(startsFrom.purge)})`, selection)),

    figures() {
      const tasks: QueueFigures['tasks'] = { pending: 0, leased: 0, waiting: 0, done: 0, no_speech: 0, dead: 0 };
      for (const row of sql.counts.all() as { state: TaskState; tasks: number }[]) tasks[row.state] = row.tasks;
      const oldest = sql.oldestPending.get() as { created_at: number } | undefined;
      // Each task that is leased has one lease that lives, and no other has one.
      return { tasks, liveLeases: tasks.leased, oldestPendingAt: oldest?.created_at };
    },
  };
}

type Values = Record<string, SQLInputValue>;

const everyState = ['pending', 'leased', 'waiting', 'done', 'no_speech', 'dead'] as const satisfies TaskState[];

function statesOf({ states }: TaskSelection): readonly TaskState[] {
  return states === undefined ? everyState : everyState.filter((state) => states.includes(state));
}

/** Values of a selection come from people: they are bound, never written into the SQL. */
function conditionsOf(selection: TaskSelection): { conditions: string; values: Values } {
  const { taskIds, states, pathPart, changedBefore } = selection;
  const conditions = ['true'];
  const values: Values = {};
  if (taskIds !== undefined) {
    conditions.push('task_id IN (SELECT value FROM json_each(:taskIds))');
    values['taskIds'] = JSON.stringify(taskIds);
  }
  if (states !== undefined) conditions.push(`state IN (${sqlList(statesOf(selection))})`);
  if (pathPart !== undefined) {
    const part = pathPart.normalize('NFC').toLowerCase();
    // SQLite's own lower() knows ASCII only, and is several times faster.
    const isAscii = /^[\x20-\x7e]*$/u.test(part);
    const path = `CASE folder WHEN '' THEN name ELSE folder || '/' || name END`;
    conditions.push(isAscii ? `instr(lower(${path}), :pathPart) > 0` : `has_part(${path}, :pathPart)`);
    values['pathPart'] = part;
  }
  if (changedBefore !== undefined) {
    conditions.push('changed_at < :changedBefore');
    values['changedBefore'] = changedBefore;
  }
  return { conditions: conditions.join(' AND '), values };
}

const summaryColumns = `task_id, folder, name, state, language, size_bytes, attempts, epoch, reason, is_offered, created_at,
  changed_at, available_at`;

function prepareStatements(db: DatabaseSync) {
  // As people see the name: case does not count, nor how an accent is written.
  db.function('has_part', { deterministic: true }, (path, part) =>
    String(path).normalize('NFC').toLowerCase().includes(String(part)) ? 1 : 0,
  );
  return {
    task: db.prepare(`SELECT ${summaryColumns} FROM tasks WHERE task_id = :taskId`),
    leases: db.prepare(`
      SELECT epoch, worker_name, worker_ip, granted_at, ended_at, outcome, reason FROM leases
      WHERE task_id = :taskId ORDER BY epoch DESC`),
    counts: db.prepare('SELECT state, tasks FROM task_counts'),
    oldestPending: db.prepare(`SELECT created_at FROM tasks WHERE state = 'pending' ORDER BY task_id LIMIT 1`),
  };
}

type TaskRow = {
  task_id: number;
  folder: string;
  name: string;
  state: TaskState;
  language: string;
  size_bytes: number;
  attempts: number;
  epoch: number;
  reason: string | null;
  is_offered: number;
  created_at: number;
  changed_at: number;
  available_at: number;
};

function summaryFrom(row: TaskRow): TaskSummary {
  return {
    taskId: row.task_id,
    path: row.folder === '' ? row.name : `${row.folder}/${row.name}`,
    state: row.state,
    language: row.language,
    sizeBytes: row.size_bytes,
    attempts: row.attempts,
    epoch: row.epoch,
    reason: row.reason ?? undefined,
    isOffered: row.is_offered === 1,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    availableAt: row.state === 'waiting' ? row.available_at : undefined,
  };
}

type LeaseRow = {
  epoch: number;
  worker_name: string | null;
  worker_ip: string;
  granted_at: number;
  ended_at: number | null;
  outcome: LeaseOutcome | null;
  reason: string | null;
};

function pastLeaseFrom(row: LeaseRow): PastLease {
  return {
    epoch: row.epoch,
    worker: row.worker_name ?? undefined,
    ip: row.worker_ip,
    grantedAt: row.granted_at,
    endedAt: row.ended_at ?? undefined,
    outcome: row.outcome ?? undefined,
    reason: row.reason ?? undefined,
  };
}
