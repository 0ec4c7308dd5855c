/** Who may speak with the server, in SQLite: hashes of tokens, never a token. */
import type { DatabaseSync } from 'node:sqlite';
import type { Credential, CredentialVerbs, Role } from '../credentials.ts';
import { startsFrom } from '../task-state.ts';
import { changed, sqlList, type Transactions } from './transactions.ts';

export function sqliteCredentials(db: DatabaseSync, transactions: Transactions): CredentialVerbs {
  const sql = prepareStatements(db);
  return {
    addCredential: ({ name, role, tokenSha256 }, now) =>
      transactions.write(() => changed(sql.add.run({ name, role, tokenSha256, now }))),

    listCredentials: () => (sql.list.all() as CredentialRow[]).map(credentialFrom),

    revokeCredential: (name, now) =>
      transactions.write(() => {
        if (sql.exists.get({ name }) === undefined) return undefined;
        sql.revoke.run({ name, now });
        sql.handBack.run({ name, now });
        return Number(sql.endLeases.run({ name, now }).changes);
      }),

    credentialOf(tokenSha256) {
      const row = sql.find.get({ tokenSha256 }) as { name: string; role: Role } | undefined;
      return row === undefined ? undefined : { name: row.name, role: row.role, tokenSha256 };
    },

    hasCredentials: () => sql.any.get() !== undefined,
  };
}

function prepareStatements(db: DatabaseSync) {
  const liveLeases = 'leases INDEXED BY live_leases WHERE ended_at IS NULL AND credential = :name';
  return {
    // A revoked one gives its name free; its token stays unknown.
    add: db.prepare(`
      INSERT INTO credentials (name, role, token_sha256, created_at) VALUES (:name, :role, :tokenSha256, :now)
      ON CONFLICT (name) DO UPDATE
      SET role = :role, token_sha256 = :tokenSha256, created_at = :now, revoked_at = NULL, last_grant_at = NULL
      WHERE revoked_at IS NOT NULL`),
    list: db.prepare('SELECT name, role, created_at, revoked_at, last_grant_at FROM credentials ORDER BY name'),
    exists: db.prepare('SELECT 1 FROM credentials WHERE name = :name'),
    revoke: db.prepare('UPDATE credentials SET revoked_at = :now WHERE name = :name AND revoked_at IS NULL'),
    handBack: db.prepare(`
      UPDATE tasks SET state = 'pending', changed_at = :now
      WHERE task_id IN (SELECT task_id FROM ${liveLeases}) AND state IN (${sqlList(startsFrom.release)})`),
    endLeases: db.prepare(`
      UPDATE leases INDEXED BY live_leases SET ended_at = :now, outcome = 'revoked' WHERE ended_at IS NULL AND credential = :name`),
    find: db.prepare('SELECT name, role FROM credentials WHERE token_sha256 = :tokenSha256 AND revoked_at IS NULL'),
    any: db.prepare('SELECT 1 FROM credentials LIMIT 1'),
  };
}

type CredentialRow = {
  name: string;
  role: Role;
  created_at: number;
  revoked_at: number | null;
  last_grant_at: number | null;
};

function credentialFrom(row: CredentialRow): Credential {
  return {
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    revokedAt: row.revoked_at ?? undefined,
    lastGrantAt: row.last_grant_at ?? undefined,
  };
}
