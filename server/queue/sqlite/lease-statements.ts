/** The SQL of the leases: one statement, one idea. Every change of a task's state is guarded by the states it may start from. */
import type { DatabaseSync } from 'node:sqlite';
import { longestHistory } from '../task-desk.ts';
import type { Lease, LeaseOutcome } from '../task-queue.ts';
import { startsFrom, type TaskState } from '../task-state.ts';
import type { TaskOrder } from '../task-store.ts';
import { sqlList } from './transactions.ts';

/** As the partial indexes have it, word by word. */
const isToBeHad = `state = 'pending' AND is_offered = 1`;
const firstOf: Record<TaskOrder, string> = {
  oldest: `tasks INDEXED BY tasks_to_be_had WHERE ${isToBeHad} ORDER BY task_id`,
  newest: `tasks INDEXED BY tasks_to_be_had WHERE ${isToBeHad} ORDER BY task_id DESC`,
  shortest: `tasks INDEXED BY tasks_to_be_had_by_size WHERE ${isToBeHad} ORDER BY size_bytes, task_id`,
};
const waiting = `tasks INDEXED BY tasks_waiting WHERE state = 'waiting'`;
const taskOfLease = 'task_id = (SELECT task_id FROM leases WHERE lease_id = :leaseId)';

export type LeaseStatements = ReturnType<typeof prepareLeaseStatements>;

export function prepareLeaseStatements(db: DatabaseSync, order: TaskOrder) {
  return {
    anyPending: db.prepare(`SELECT 1 FROM tasks INDEXED BY tasks_to_be_had WHERE ${isToBeHad} LIMIT 1`),
    isRevoked: db.prepare('SELECT 1 FROM credentials WHERE name = :credential AND revoked_at IS NOT NULL'),
    grant: db.prepare(`
      UPDATE tasks SET state = 'leased', epoch = epoch + 1, changed_at = :now
      WHERE task_id = (SELECT task_id FROM ${firstOf[order]} LIMIT 1) AND state IN (${sqlList(startsFrom.grant)})
      RETURNING task_id, epoch`),
    addLease: db.prepare(`
      INSERT INTO leases
        (lease_id, task_id, epoch, worker_name, worker_ip, protocol, credential, fingerprint, term_ms, granted_at, expires_at)
      SELECT :leaseId, task_id, epoch, :name, :ip, :protocol, :credential, fingerprint, :termMs, :now, :now + :termMs
      FROM tasks WHERE task_id = :taskId`),
    noteGrant: db.prepare('UPDATE credentials SET last_grant_at = :now WHERE name = :credential'),
    // Epochs number the grants of a task. A delivered lease stays as long as its task: it answers repeated deliveries. So does one
    // that ran out: its worker may come yet, and there are no more of them than attempts.
    forgetOld: db.prepare(`
      DELETE FROM leases
      WHERE task_id = :taskId AND epoch <= :epoch - ${longestHistory} AND ended_at IS NOT NULL
        AND outcome NOT IN ('delivered', 'expired')`),
    read: db.prepare(`
      SELECT lease_id, credential, worker_name, worker_ip, protocol, task_id, folder, name, language, leases.fingerprint,
        leases.epoch, term_ms, granted_at, outcome, transcript_sha256, state,
        CASE WHEN tasks.fingerprint = leases.fingerprint THEN recording_sha256 END AS recording_sha256
      FROM leases JOIN tasks USING (task_id) WHERE lease_id = :leaseId`),
    // '/' follows '.': all names that begin with the stem and a dot, and of those the ones with nothing but an ending behind it.
    rival: db.prepare(`
      SELECT name FROM tasks
      WHERE folder = :folder AND name > :stem || '.' AND name < :stem || '/' AND task_id <> :taskId AND state = 'leased'
        AND instr(substr(name, length(:stem) + 2), '.') = 0
      LIMIT 1`),
    renew: db.prepare('UPDATE leases SET expires_at = :now + term_ms WHERE lease_id = :leaseId AND ended_at IS NULL'),
    endLease: db.prepare(`
      UPDATE leases SET ended_at = :now, outcome = :outcome, reason = :reason
      WHERE lease_id = :leaseId AND ended_at IS NULL`),
    handBack: db.prepare(`
      UPDATE tasks SET state = 'pending', changed_at = :now
      WHERE ${taskOfLease} AND state IN (${sqlList(startsFrom.release)})`),
    attempts: db.prepare(`SELECT attempts FROM tasks WHERE ${taskOfLease}`),
    fail: db.prepare(`
      UPDATE tasks
      SET state = :state, attempts = attempts + 1, available_at = :availableAt, reason = :reason, changed_at = :now
      WHERE ${taskOfLease} AND state IN (${sqlList(startsFrom.fail)})`),
    // What was accepted under a lease is accepted once.
    finish: db.prepare(`
      UPDATE tasks SET state = :state, reason = NULL, changed_at = :now
      WHERE task_id = (SELECT task_id FROM leases WHERE lease_id = :leaseId AND transcript_sha256 IS NULL)
        AND state IN (${sqlList(startsFrom.complete)})`),
    acceptTranscript: db.prepare(`
      UPDATE leases SET ended_at = :now, outcome = 'delivered', transcript_sha256 = :sha256 WHERE lease_id = :leaseId`),
    supersedeLeases: db.prepare(`
      UPDATE leases SET ended_at = :now, outcome = 'superseded' WHERE ${taskOfLease} AND ended_at IS NULL`),
    liveLeases: db.prepare('SELECT 1 FROM leases INDEXED BY live_leases WHERE ended_at IS NULL LIMIT 1'),
    refreshTerms: db.prepare('UPDATE leases SET expires_at = :now + term_ms WHERE ended_at IS NULL'),
    shortenWaits: db.prepare(`
      UPDATE tasks INDEXED BY tasks_waiting SET available_at = :latest WHERE state = 'waiting' AND available_at > :latest`),
    expiredLeases: db.prepare('SELECT lease_id FROM leases WHERE ended_at IS NULL AND expires_at <= :now'),
    mayWake: db.prepare(`
      SELECT 1 WHERE EXISTS (SELECT 1 FROM ${waiting} AND available_at <= :now)
        OR EXISTS (SELECT 1 FROM ${waiting} AND available_at > :latest)`),
    wake: db.prepare(`
      UPDATE tasks SET state = 'pending', changed_at = :now
      WHERE task_id IN (SELECT task_id FROM ${waiting} AND available_at <= :now) AND state IN (${sqlList(startsFrom.wake)})`),
    dataVersion: db.prepare('PRAGMA data_version'),
  };
}

export type LeaseRow = {
  lease_id: string;
  credential: string | null;
  worker_name: string | null;
  worker_ip: string;
  protocol: 1 | 2;
  task_id: number;
  folder: string;
  name: string;
  language: string;
  fingerprint: string;
  recording_sha256: string | null;
  epoch: number;
  term_ms: number;
  granted_at: number;
  outcome: LeaseOutcome | null;
  transcript_sha256: string | null;
  state: TaskState;
};

export function leaseFrom(row: LeaseRow): Lease {
  const credential = row.credential ?? undefined;
  return {
    leaseId: row.lease_id,
    credential,
    worker: { name: row.worker_name ?? undefined, ip: row.worker_ip, protocol: row.protocol, credential },
    taskId: row.task_id,
    path: row.folder === '' ? row.name : `${row.folder}/${row.name}`,
    language: row.language,
    fingerprint: row.fingerprint,
    recordingSha256: row.recording_sha256 ?? undefined,
    epoch: row.epoch,
    termMs: row.term_ms,
    grantedAt: row.granted_at,
    outcome: row.outcome ?? undefined,
    transcriptSha256: row.transcript_sha256 ?? undefined,
    taskState: row.state,
  };
}
