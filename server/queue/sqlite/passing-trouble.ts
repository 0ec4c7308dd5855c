/**
 * Why a database cannot be opened that is in order itself: the disk is full, broken or away, the machine has no more to give. Exit codes
 * 74 and 75, so that a unit tries again; a setting that is wrong (78) would keep the server down.
 */
import { statSync } from 'node:fs';
import { AppError, messageOf, systemErrorCode } from '../../../src/app-error.ts';
import { type ExitCode, exitCodes } from '../../../src/exit-codes.ts';
import { requireAccess } from './database-file.ts';
import { sqliteCode } from './store-trouble.ts';

/** SQLITE_BUSY, SQLITE_LOCKED (sqlite.org/rescode.html). */
const taken: ReadonlySet<number> = new Set([5, 6]);

const { ioError, temporary } = exitCodes;

/** SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM, SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN. */
const bySqlite: ReadonlyMap<number, ExitCode> = new Map([
  [5, temporary],
  [6, temporary],
  [7, temporary],
  [8, ioError],
  [10, ioError],
  [13, ioError],
  [14, temporary],
]);

/** Of these SQLite does not say whether the disk or a permission is in the way. */
const vague: ReadonlySet<number> = new Set([8, 14]);

const bySystem: ReadonlyMap<string, ExitCode> = new Map([
  ...['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'ENXIO', 'ENODEV'].map((code) => [code, ioError] as const),
  // A disk that is not mounted yet, and a machine that is short of something.
  ...['ENOENT', 'ENOTCONN', 'ESTALE', 'EAGAIN', 'EBUSY', 'EMFILE', 'ENFILE', 'ENOMEM', 'EINTR'].map(
    (code) => [code, temporary] as const,
  ),
]);

/** Somebody else has it locked. */
export function isTaken(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && taken.has(code);
}

/** Undefined where it is none: the same start would fail for ever. To be asked with the rights by which it failed. */
export function passingTrouble(file: string, error: unknown): AppError | undefined {
  const exitCode = exitCodeOf(file, error);
  if (exitCode === undefined) return undefined;
  return new AppError(`The task database cannot be opened now, at ${file}: ${messageOf(error)}.`, {
    code: 'STT_DATABASE_TROUBLE',
    hint: 'Is its disk full, read-only or away, or does another program keep it locked? Start it again when that is mended; a service tries again by itself.',
    exitCode,
    cause: error,
  });
}

function exitCodeOf(file: string, error: unknown): ExitCode | undefined {
  const code = sqliteCode(error);
  if (code === undefined) return bySystem.get(systemErrorCode(error) ?? '');
  if (!vague.has(code)) return bySqlite.get(code);
  try {
    requireAccess(file);
    return statSync(file).isFile() ? bySqlite.get(code) : undefined;
  } catch (reason) {
    return bySystem.get(systemErrorCode(reason) ?? '');
  }
}
