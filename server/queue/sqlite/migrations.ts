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
];

export const schemaVersion = steps.length;

/** Brings the database up to `schemaVersion`; each step is one transaction. */
export function migrate(db: DatabaseSync, from: number): void {
  for (const [index, step] of steps.entries()) {
    if (index < from) continue;
    db.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}
