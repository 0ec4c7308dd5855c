/**
 * The leases in SQLite. Each verb is one transaction whose statements are guarded by the lease and by `startsFrom`; a verb that
 * resolves has been committed. One process writes; node:sqlite blocks it for the length of a commit.
 */
import type { DatabaseSync } from 'node:sqlite';
import { type AfterFailure, afterFailure, type FinishedState, startsFrom, type TaskState } from '../task-state.ts';
import type { Expired, Lease, LeaseOutcome, LeaseRequest, TaskQueue } from '../task-queue.ts';
import { inTransaction, sqlList } from './transaction.ts';

export type AttemptPolicy = {
  maxAttempts: number;
  /** 0 to 1, fresh each time. */
  jitter: () => number;
};

export class SqliteTaskQueue implements TaskQueue {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  readonly #policy: AttemptPolicy;

  constructor(db: DatabaseSync, policy: AttemptPolicy) {
    this.#db = db;
    this.#statements = prepareStatements(db);
    this.#policy = policy;
  }

  async claim(request: LeaseRequest, now: number): Promise<Lease | undefined> {
    // Most questions of an idle fleet are answered here, without the write lock.
    if (this.#statements.anyPending.get() === undefined) return undefined;
    return inTransaction(this.#db, () => {
      const task = this.#statements.grant.get({ now }) as { task_id: number } | undefined;
      if (task === undefined) return undefined;
      this.#statements.addLease.run({
        leaseId: request.leaseId,
        taskId: task.task_id,
        name: request.worker.name ?? null,
        ip: request.worker.ip,
        protocol: request.worker.protocol,
        termMs: request.termMs,
        now,
      });
      return this.#read(request.leaseId);
    });
  }

  async find(leaseId: string): Promise<Lease | undefined> {
    return this.#read(leaseId);
  }

  async renew(leaseId: string, now: number): Promise<boolean> {
    return changed(this.#statements.renew.run({ leaseId, now }));
  }

  async release(leaseId: string, reason: string | undefined, now: number): Promise<boolean> {
    return inTransaction(this.#db, () => {
      if (!this.#endLease(leaseId, 'released', now, reason)) return false;
      this.#statements.handBack.run({ leaseId, now });
      return true;
    });
  }

  async fail(leaseId: string, reason: string, now: number): Promise<AfterFailure | undefined> {
    return inTransaction(this.#db, () => this.#countAttempt(leaseId, 'failed', reason, now));
  }

  async complete(leaseId: string, result: { state: FinishedState; sha256: string }, now: number): Promise<boolean> {
    return inTransaction(this.#db, () => {
      if (!changed(this.#statements.finish.run({ leaseId, now, state: result.state }))) return false;
      this.#statements.acceptTranscript.run({ leaseId, now, sha256: result.sha256 });
      this.#statements.supersedeLeases.run({ leaseId, now });
      return true;
    });
  }

  async yieldToFile(leaseId: string, now: number): Promise<void> {
    inTransaction(this.#db, () => {
      this.#statements.finish.run({ leaseId, now, state: 'done' });
      this.#statements.supersedeLeases.run({ leaseId, now });
    });
  }

  async replaceRecording(leaseId: string, fingerprint: string, now: number): Promise<void> {
    inTransaction(this.#db, () => {
      if (this.#endLease(leaseId, 'recording_changed', now)) this.#statements.handBack.run({ leaseId, now });
      // Not where the scan saw the new recording first, nor while another worker has the task.
      this.#statements.replaceRecording.run({ leaseId, fingerprint, now });
    });
  }

  async rememberDigest(lease: Lease, sha256: string): Promise<void> {
    this.#statements.rememberDigest.run({ leaseId: lease.leaseId, fingerprint: lease.fingerprint, sha256 });
  }

  async sweep(now: number): Promise<{ expired: Expired[]; woken: number }> {
    const due = this.#statements.expiredLeases.all({ now }) as { lease_id: string }[];
    const expired = inTransaction(this.#db, () =>
      due.flatMap(({ lease_id: leaseId }): Expired[] => {
        const lease = this.#read(leaseId);
        const next = this.#countAttempt(leaseId, 'expired', 'the worker was not heard of any more', now);
        return lease === undefined || next === undefined ? [] : [{ lease, next }];
      }),
    );
    return { expired, woken: Number(this.#statements.wake.run({ now }).changes) };
  }

  async refreshTerms(now: number): Promise<number> {
    return Number(this.#statements.refreshTerms.run({ now }).changes);
  }

  #read(leaseId: string): Lease | undefined {
    const row = this.#statements.read.get({ leaseId }) as LeaseRow | undefined;
    return row === undefined ? undefined : leaseFrom(row);
  }

  #endLease(leaseId: string, outcome: LeaseOutcome, now: number, reason?: string): boolean {
    return changed(this.#statements.endLease.run({ leaseId, outcome, now, reason: reason ?? null }));
  }

  #countAttempt(leaseId: string, outcome: LeaseOutcome, reason: string, now: number): AfterFailure | undefined {
    if (!this.#endLease(leaseId, outcome, now, reason)) return undefined;
    const { attempts } = this.#statements.attempts.get({ leaseId }) as { attempts: number };
    const next = afterFailure({
      attempts: attempts + 1,
      maxAttempts: this.#policy.maxAttempts,
      now,
      jitter: this.#policy.jitter(),
    });
    const availableAt = next.state === 'waiting' ? next.availableAt : 0;
    this.#statements.fail.run({ leaseId, now, state: next.state, reason, availableAt });
    return next;
  }
}

type LeaseRow = {
  lease_id: string;
  worker_name: string | null;
  worker_ip: string;
  protocol: 1 | 2;
  folder: string;
  name: string;
  language: string;
  fingerprint: string;
  recording_sha256: string | null;
  epoch: number;
  term_ms: number;
  outcome: LeaseOutcome | null;
  transcript_sha256: string | null;
  state: TaskState;
};

function leaseFrom(row: LeaseRow): Lease {
  return {
    leaseId: row.lease_id,
    worker: { name: row.worker_name ?? undefined, ip: row.worker_ip, protocol: row.protocol },
    path: row.folder === '' ? row.name : `${row.folder}/${row.name}`,
    language: row.language,
    fingerprint: row.fingerprint,
    recordingSha256: row.recording_sha256 ?? undefined,
    epoch: row.epoch,
    termMs: row.term_ms,
    outcome: row.outcome ?? undefined,
    transcriptSha256: row.transcript_sha256 ?? undefined,
    taskState: row.state,
  };
}

function changed(result: { changes: number | bigint }): boolean {
  return Number(result.changes) > 0;
}

type Statements = ReturnType<typeof prepareStatements>;

const isToBeHad = `state IN (${sqlList(startsFrom.grant)}) AND is_offered = 1`;
const taskOfLease = 'task_id = (SELECT task_id FROM leases WHERE lease_id = :leaseId)';

/** One statement, one idea. Every change of a task's state is guarded by the states it may start from. */
function prepareStatements(db: DatabaseSync) {
  return {
    anyPending: db.prepare(`SELECT 1 FROM tasks WHERE ${isToBeHad} LIMIT 1`),
    grant: db.prepare(`
      UPDATE tasks SET state = 'leased', epoch = epoch + 1, changed_at = :now
      WHERE task_id = (
        SELECT task_id FROM tasks WHERE ${isToBeHad} ORDER BY task_id LIMIT 1
      )
      RETURNING task_id`),
    addLease: db.prepare(`
      INSERT INTO leases
        (lease_id, task_id, epoch, worker_name, worker_ip, protocol, fingerprint, term_ms, granted_at, expires_at)
      SELECT :leaseId, task_id, epoch, :name, :ip, :protocol, fingerprint, :termMs, :now, :now + :termMs
      FROM tasks WHERE task_id = :taskId`),
    read: db.prepare(`
      SELECT lease_id, worker_name, worker_ip, protocol, folder, name, language, leases.fingerprint, leases.epoch, term_ms,
        outcome, transcript_sha256, state,
        CASE WHEN tasks.fingerprint = leases.fingerprint THEN recording_sha256 END AS recording_sha256
      FROM leases JOIN tasks USING (task_id) WHERE lease_id = :leaseId`),
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
    finish: db.prepare(`
      UPDATE tasks SET state = :state, reason = NULL, changed_at = :now
      WHERE ${taskOfLease} AND state IN (${sqlList(startsFrom.complete)})`),
    acceptTranscript: db.prepare(`
      UPDATE leases SET ended_at = :now, outcome = 'delivered', transcript_sha256 = :sha256 WHERE lease_id = :leaseId`),
    supersedeLeases: db.prepare(`
      UPDATE leases SET ended_at = :now, outcome = 'superseded' WHERE ${taskOfLease} AND ended_at IS NULL`),
    replaceRecording: db.prepare(`
      UPDATE tasks
      SET state = 'pending', fingerprint = :fingerprint, recording_sha256 = NULL, attempts = 0, reason = NULL, changed_at = :now
      WHERE ${taskOfLease} AND state IN (${sqlList(startsFrom.replace)})
        AND fingerprint = (SELECT fingerprint FROM leases WHERE lease_id = :leaseId)`),
    rememberDigest: db.prepare(`
      UPDATE tasks SET recording_sha256 = :sha256 WHERE ${taskOfLease} AND fingerprint = :fingerprint`),
    expiredLeases: db.prepare('SELECT lease_id FROM leases WHERE ended_at IS NULL AND expires_at <= :now'),
    wake: db.prepare(`
      UPDATE tasks SET state = 'pending', changed_at = :now
      WHERE state IN (${sqlList(startsFrom.wake)}) AND available_at <= :now`),
    refreshTerms: db.prepare('UPDATE leases SET expires_at = :now + term_ms WHERE ended_at IS NULL'),
  };
}
