/**
 * What tokens look like: a prefix that tells people and scanners what was found, and 32 random bytes. The server stores and compares
 * only their SHA-256, so that neither its database nor the time of a comparison gives one away. Pure.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { Role } from '../queue/credentials.ts';

const prefixes: Record<Role, string> = { worker: 'stt_w_', admin: 'stt_a_', metrics: 'stt_m_' };
const tokenBytes = 32;
/** Of a header that is worth a look: a user name may stand beside the token. */
const longestHeader = 1024;

/** @param random `randomBytes` of node:crypto. */
export function makeToken(role: Role, random: (size: number) => Buffer): string {
  return prefixes[role] + random(tokenBytes).toString('base64url');
}

/** In hex. */
export function tokenSha256(token: string): string {
  return hash('sha256', token, 'hex');
}

export function isSameDigest(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'hex'), Buffer.from(other, 'hex')];
  return a.length === b.length && a.length > 0 && timingSafeEqual(a, b);
}

/** What somebody shows as a token: `Bearer TOKEN`, or the password of HTTP Basic with any user name, as the ancestor sends it. */
export function presentedToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const space = authorization.indexOf(' ');
  if (space === -1 || authorization.length > longestHeader) return '';
  const value = authorization.slice(space + 1).trim();
  const scheme = authorization.slice(0, space).toLowerCase();
  if (scheme === 'bearer') return value;
  if (scheme !== 'basic') return '';
  const [, ...password] = Buffer.from(value, 'base64').toString('utf8').split(':');
  return password.join(':');
}
