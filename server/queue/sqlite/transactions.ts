/**
 * Who commits when. A verb that writes is one transaction by itself, or, in a group, one savepoint in the transaction of the group:
 * many verbs, one commit, one fsync. No answer of a group may leave before its commit. Knows no tasks.
 */
import type { DatabaseSync } from 'node:sqlite';

/** What became of one work of a group. */
export type Settled<T> = { kind: 'value'; value: T } | { kind: 'error'; error: unknown };

type Failure = { error: unknown };
/** `failure`: the transaction as a whole is lost, or nobody could begin one. */
type Group = { hasBegun: boolean; failure: Failure | undefined };

export class Transactions {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;
  /** Undefined outside of a group. */
  #group: Group | undefined;
  #groups = 0;
  #commits = 0;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#statements = prepareStatements(db);
  }

  /** How many groups there were, and how many commits they took. */
  get counts(): { groups: number; commits: number } {
    return { groups: this.#groups, commits: this.#commits };
  }

  /** All or nothing. Holds the write lock from its start, so that what `work` reads stays true until the commit. */
  write<T>(work: () => T): T {
    if (this.#group === undefined) return this.#alone(work);
    this.#begin(this.#group);
    const { savepoint, release, rollbackTo } = this.#statements;
    savepoint.run();
    try {
      const result = work();
      release.run();
      return result;
    } catch (error) {
      // A full disk ends the whole transaction by itself.
      if (this.#db.isTransaction) {
        rollbackTo.run();
        release.run();
      } else this.#group.failure = { error };
      throw error;
    }
  }

  /**
   * Runs all works and commits once, if any of them wrote. A work that fails takes only itself back; where the transaction as a
   * whole is lost, all fail with it.
   */
  group<T>(works: readonly (() => T)[]): Settled<T>[] {
    const group: Group = { hasBegun: false, failure: undefined };
    this.#group = group;
    this.#groups += 1;
    try {
      const settled = works.map((work) => settle(work));
      if (!group.hasBegun) return settled;
      if (group.failure === undefined) group.failure = this.#commit();
      const { failure } = group;
      return failure === undefined ? settled : settled.map(() => ({ kind: 'error', ...failure }));
    } finally {
      this.#group = undefined;
    }
  }

  #alone<T>(work: () => T): T {
    this.#statements.begin.run();
    try {
      const result = work();
      this.#statements.commit.run();
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #begin(group: Group): void {
    // Also where nobody could begin: not every verb of the group shall wait for the lock by itself.
    if (group.failure !== undefined) throw group.failure.error;
    if (group.hasBegun) return;
    try {
      this.#statements.begin.run();
      group.hasBegun = true;
    } catch (error) {
      group.failure = { error };
      throw error;
    }
  }

  #commit(): Failure | undefined {
    try {
      this.#statements.commit.run();
      this.#commits += 1;
      return undefined;
    } catch (error) {
      this.#rollBack();
      return { error };
    }
  }

  #rollBack(): void {
    if (this.#db.isTransaction) this.#statements.rollback.run();
  }
}

function settle<T>(work: () => T): Settled<T> {
  try {
    return { kind: 'value', value: work() };
  } catch (error) {
    return { kind: 'error', error };
  }
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(db: DatabaseSync) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    savepoint: db.prepare('SAVEPOINT verb'),
    release: db.prepare('RELEASE verb'),
    rollbackTo: db.prepare('ROLLBACK TO verb'),
  };
}

/** `'pending', 'waiting'`: the states of a guard, for SQL. They come from our own table, never from a peer. */
export function sqlList(states: readonly string[]): string {
  return states.map((state) => `'${state}'`).join(', ');
}

export function changed(result: { changes: number | bigint }): boolean {
  return Number(result.changes) > 0;
}
