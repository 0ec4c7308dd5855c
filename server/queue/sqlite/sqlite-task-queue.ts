/** The leases in SQLite. Each verb is one transaction whose statements are guarded by the lease and by `startsFrom`. */
import type { DatabaseSync } from 'node:sqlite';
import { longestHistory } from '../task-desk.ts';
import type { Expired, Lease, LeaseKey, LeaseOutcome, LeaseRequest, Swept, TaskQueueVerbs } from '../task-queue.ts';
import { type AfterFailure, afterFailure, longestBackoffMs } from '../task-state.ts';
import type { StorePolicy } from '../task-store.ts';
import { leaseFrom, type LeaseRow, type LeaseStatements, prepareLeaseStatements } from './lease-statements.ts';
import { changed, type Transactions } from './transactions.ts';

export type AttemptPolicy = StorePolicy & {
  /** 0 to 1, fresh each time. */
  jitter: () => number;
};

export function sqliteTaskQueue(db: DatabaseSync, transactions: Transactions, policy: AttemptPolicy): TaskQueueVerbs {
  const sql = prepareLeaseStatements(db, policy.order);
  const attempts = new Attempts(sql, policy);
  let seenVersion = dataVersion(sql);

  /** The lease, if it belongs to who asks for it. */
  const find = (key: LeaseKey): Lease | undefined => {
    const lease = read(sql, key.leaseId);
    if (lease === undefined || !isOwner(lease, key)) return undefined;
    return lease;
  };
  const isLive = (key: LeaseKey): boolean => {
    const lease = find(key);
    return lease !== undefined && lease.outcome === undefined;
  };

  return {
    find,

    claim(request, now) {
      // Most questions of an idle fleet are answered here, without the write lock.
      if (sql.anyPending.get() === undefined) return undefined;
      return transactions.write(() => grant(sql, request, now));
    },

    renew(key, now) {
      if (!isLive(key)) return false;
      return transactions.write(() => changed(sql.renew.run({ leaseId: key.leaseId, now })));
    },

    release(key, { outcome, reason }, now) {
      if (!isLive(key)) return false;
      return transactions.write(() => {
        if (!endLease(sql, key.leaseId, outcome, now, reason)) return false;
        sql.handBack.run({ leaseId: key.leaseId, now });
        return true;
      });
    },

    fail(key, reason, now) {
      if (!isLive(key)) return undefined;
      return transactions.write(() => attempts.count(key.leaseId, 'failed', reason, now));
    },

    complete(key, { state, sha256 }, now) {
      if (find(key) === undefined) return false;
      return transactions.write(() => {
        if (!changed(sql.finish.run({ leaseId: key.leaseId, now, state }))) return false;
        sql.acceptTranscript.run({ leaseId: key.leaseId, now, sha256 });
        sql.supersedeLeases.run({ leaseId: key.leaseId, now });
        return true;
      });
    },

    sweep(now, haveTermsToBeRefreshed) {
      const version = dataVersion(sql);
      const isChangedFromOutside = version !== seenVersion;
      // While a lease lives, a sweep that succeeds says that heartbeats could be noted as well: it needs the write lock for that.
      const hasWork =
        haveTermsToBeRefreshed ||
        sql.liveLeases.get() !== undefined ||
        sql.mayWake.get({ now, latest: now + longestBackoffMs }) !== undefined;
      const swept = hasWork
        ? transactions.write(() => sweepNow(sql, attempts, now, haveTermsToBeRefreshed))
        : { expired: [], woken: 0, refreshed: 0 };
      // Not where it failed: then the next sweep tells.
      seenVersion = version;
      return { ...swept, isChangedFromOutside };
    },
  };
}

function isOwner(lease: Lease, key: LeaseKey): boolean {
  return lease.credential === undefined || key.credential === undefined || lease.credential === key.credential;
}

function grant(sql: LeaseStatements, { leaseId, worker, termMs }: LeaseRequest, now: number): Lease | undefined {
  const credential = worker.credential ?? null;
  // Revoked since its token was looked at.
  if (credential !== null && sql.isRevoked.get({ credential }) !== undefined) return undefined;
  const task = sql.grant.get({ now }) as { task_id: number; epoch: number } | undefined;
  if (task === undefined) return undefined;
  const { task_id: taskId, epoch } = task;
  const { name, ip, protocol } = worker;
  sql.addLease.run({ leaseId, taskId, name: name ?? null, ip, protocol, credential, termMs, now });
  if (credential !== null) sql.noteGrant.run({ credential, now });
  if (epoch > longestHistory) sql.forgetOld.run({ taskId, epoch });
  const lease = read(sql, leaseId);
  const rival = lease === undefined ? undefined : rivalOf(sql, lease);
  return lease === undefined || rival === undefined ? lease : { ...lease, rival };
}

/** Asked in the transaction of the grant: of two recordings that share a transcript, the second one granted knows of the first. */
function rivalOf(sql: LeaseStatements, { path, taskId }: Lease): string | undefined {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const stem = name.slice(0, Math.max(name.lastIndexOf('.'), 0));
  const folder = path.slice(0, Math.max(slash, 0));
  const rival = sql.rival.get({ folder, stem, taskId }) as { name: string } | undefined;
  return rival === undefined ? undefined : path.slice(0, slash + 1) + rival.name;
}

function sweepNow(
  sql: LeaseStatements,
  attempts: Attempts,
  now: number,
  haveTermsToBeRefreshed: boolean,
): Omit<Swept, 'isChangedFromOutside'> {
  let refreshed = 0;
  if (haveTermsToBeRefreshed) {
    refreshed = Number(sql.refreshTerms.run({ now }).changes);
    sql.shortenWaits.run({ latest: now + longestBackoffMs });
  }
  const due = sql.expiredLeases.all({ now }) as { lease_id: string }[];
  const expired = due.flatMap(({ lease_id: leaseId }): Expired[] => {
    const next = attempts.count(leaseId, 'expired', 'the worker was not heard of any more', now);
    const lease = read(sql, leaseId);
    return lease === undefined || next === undefined ? [] : [{ lease, next }];
  });
  return { expired, woken: Number(sql.wake.run({ now }).changes), refreshed };
}

/** Attempts that came to nothing, counted. */
class Attempts {
  readonly #sql: LeaseStatements;
  readonly #policy: AttemptPolicy;

  constructor(sql: LeaseStatements, policy: AttemptPolicy) {
    this.#sql = sql;
    this.#policy = policy;
  }

  count(leaseId: string, outcome: LeaseOutcome, reason: string, now: number): AfterFailure | undefined {
    if (!endLease(this.#sql, leaseId, outcome, now, reason)) return undefined;
    const { attempts } = this.#sql.attempts.get({ leaseId }) as { attempts: number };
    const { maxAttempts, jitter } = this.#policy;
    const next = afterFailure({ attempts: attempts + 1, maxAttempts, now, jitter: jitter() });
    const availableAt = next.state === 'waiting' ? next.availableAt : 0;
    this.#sql.fail.run({ leaseId, now, state: next.state, reason, availableAt });
    return next;
  }
}

function read(sql: LeaseStatements, leaseId: string): Lease | undefined {
  const row = sql.read.get({ leaseId }) as LeaseRow | undefined;
  return row === undefined ? undefined : leaseFrom(row);
}

function endLease(
  sql: LeaseStatements,
  leaseId: string,
  outcome: LeaseOutcome,
  now: number,
  reason: string | undefined,
): boolean {
  return changed(sql.endLease.run({ leaseId, outcome, now, reason: reason ?? null }));
}

function dataVersion(sql: LeaseStatements): number {
  return (sql.dataVersion.get() as { data_version: number }).data_version;
}
