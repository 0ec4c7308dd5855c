/** What the server keeps of those who may speak with it. The token itself is shown once and never stored. */
import type { Remote } from '../threads/calls.ts';

/** What a token is good for. An admin also reads the metrics; nobody but a worker gets recordings. */
export const roles = ['worker', 'admin', 'metrics'] as const;
export type Role = (typeof roles)[number];

export type Credential = {
  name: string;
  role: Role;
  /** Milliseconds since 1970. */
  createdAt: number;
  revokedAt: number | undefined;
  /** When it last got a task. */
  lastGrantAt: number | undefined;
};

export type CredentialVerbs = {
  /** @returns false where a credential of this name is in use; a revoked one gives its name free. */
  addCredential(credential: { name: string; role: Role; tokenSha256: string }, now: number): boolean;
  /** By name, revoked ones too. */
  listCredentials(): Credential[];
  /** Its leases end and their tasks are pending again. @returns how many leases ended, or undefined where there is no such name. */
  revokeCredential(name: string, now: number): number | undefined;
  /** @param tokenSha256 in hex. @returns undefined where it is unknown or revoked. */
  credentialOf(tokenSha256: string): { name: string; role: Role; tokenSha256: string } | undefined;
  /** Whether there ever was one: then nobody gets in without. */
  hasCredentials(): boolean;
};

export type Credentials = Remote<CredentialVerbs>;
