/**
 * The schema, as numbered steps: step N brings a database from `user_version` N-1 to N. A step that was released is never
 * changed; new ones are added at the end.
 */
import type { DatabaseSync } from 'node:sqlite';

const steps: readonly string[] = [
  `
  CREATE TABLE tasks (
    task_id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    -- Size and modification time: tells a replaced recording.
    fingerprint TEXT NOT NULL,
    -- Of the recording with this fingerprint, once computed.
    recording_sha256 TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'leased', 'waiting', 'done', 'no_speech', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Counts grants, so it only rises.
    epoch INTEGER NOT NULL DEFAULT 0,
    -- Milliseconds since 1970, for state waiting.
    available_at INTEGER NOT NULL DEFAULT 0,
    -- Why the last attempt failed.
    reason TEXT,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (folder, name)
  ) STRICT;
  CREATE INDEX tasks_by_state ON tasks (state, task_id);

  CREATE TABLE leases (
    lease_id TEXT PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES tasks ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    worker_name TEXT,
    worker_ip TEXT NOT NULL,
    protocol INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    term_ms INTEGER NOT NULL,
    granted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,
    reason TEXT,
    transcript_sha256 TEXT,
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
  ) STRICT, WITHOUT ROWID;
  -- One grant at a time, whatever the code above does.
  CREATE UNIQUE INDEX one_live_lease ON leases (task_id) WHERE ended_at IS NULL;
  CREATE INDEX live_leases ON leases (expires_at) WHERE ended_at IS NULL;
  CREATE INDEX leases_of_task ON leases (task_id);
  `,
  `
  -- 0: the recording is there, but cannot be offered now (a sidecar is half-written); the task keeps its history.
  ALTER TABLE tasks ADD COLUMN is_offered INTEGER NOT NULL DEFAULT 1 CHECK (is_offered IN (0, 1));
  `,
  `
  ALTER TABLE tasks ADD COLUMN size_bytes INTEGER NOT NULL DEFAULT 0;
  -- A fingerprint is "size:modification time".
  UPDATE tasks SET size_bytes = CAST(substr(fingerprint, 1, instr(fingerprint, ':') - 1) AS INTEGER);
  -- What can be granted, in each order; however many are withheld or waiting.
  CREATE INDEX tasks_to_be_had ON tasks (task_id) WHERE state = 'pending' AND is_offered = 1;
  CREATE INDEX tasks_to_be_had_by_size ON tasks (size_bytes, task_id) WHERE state = 'pending' AND is_offered = 1;
  CREATE INDEX tasks_waiting ON tasks (available_at) WHERE state = 'waiting';

  -- Counted as they change, so that nobody has to count a million.
  CREATE TABLE task_counts (state TEXT PRIMARY KEY, tasks INTEGER NOT NULL CHECK (tasks >= 0)) STRICT, WITHOUT ROWID;
  INSERT INTO task_counts
  SELECT column1, (SELECT count(*) FROM tasks WHERE state = column1)
  FROM (VALUES ('pending'), ('leased'), ('waiting'), ('done'), ('no_speech'), ('dead'));
  CREATE TRIGGER count_added AFTER INSERT ON tasks BEGIN
    UPDATE task_counts SET tasks = tasks + 1 WHERE state = new.state;
  END;
  CREATE TRIGGER count_removed AFTER DELETE ON tasks BEGIN
    UPDATE task_counts SET tasks = tasks - 1 WHERE state = old.state;
  END;
  CREATE TRIGGER count_moved AFTER UPDATE OF state ON tasks WHEN old.state <> new.state BEGIN
    UPDATE task_counts SET tasks = tasks - 1 WHERE state = old.state;
    UPDATE task_counts SET tasks = tasks + 1 WHERE state = new.state;
  END;

  -- What the table of transitions does not have cannot be written, whatever the code above does.
  CREATE TRIGGER only_legal_moves BEFORE UPDATE OF state ON tasks
  WHEN old.state <> new.state AND old.state || '>' || new.state NOT IN (
    'pending>leased', 'pending>done', 'pending>no_speech', 'pending>dead',
    'leased>pending', 'leased>waiting', 'leased>done', 'leased>no_speech', 'leased>dead',
    'waiting>pending', 'waiting>done', 'waiting>no_speech', 'waiting>dead',
    'dead>pending', 'dead>done', 'dead>no_speech',
    'done>pending', 'no_speech>pending')
  BEGIN
    SELECT RAISE(ABORT, 'a task cannot go from this state to that one');
  END;

  -- Whose token the worker spoke with.
  ALTER TABLE leases ADD COLUMN credential TEXT;
  DROP INDEX leases_of_task;
  CREATE INDEX leases_of_task ON leases (task_id, epoch);
  -- Rows stay when they are revoked: where there ever was one, nobody gets in without.
  CREATE TABLE credentials (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('worker', 'admin', 'metrics')),
    -- In hex. The token itself is shown once and never stored.
    token_sha256 TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    last_grant_at INTEGER
  ) STRICT, WITHOUT ROWID;
  `,
];

export const schemaVersion = steps.length;

/** Brings the database up to `to`; each step is one transaction, and done once by whoever comes first: a server, a command beside it. */
export function migrate(db: DatabaseSync, from: number, to = schemaVersion): void {
  for (const [index, step] of steps.slice(0, to).entries()) {
    if (index < from) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      const { user_version: found } = db.prepare('PRAGMA user_version').get() as { user_version: number };
      db.exec(found > index ? 'COMMIT' : `${step}; PRAGMA user_version = ${index + 1}; COMMIT`);
    } finally {
      if (db.isTransaction) db.exec('ROLLBACK');
    }
  }
}
