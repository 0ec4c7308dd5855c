/** Tells trouble of the database that passes by itself (locked, disk full) from a fault of ours. Pure. */

/** SQLITE_BUSY, SQLITE_IOERR, SQLITE_FULL (sqlite.org/rescode.html). */
const passing: ReadonlySet<number> = new Set([5, 10, 13]);

/** Whether the same request may succeed later; nothing of it was committed. */
export function isStoreTrouble(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && passing.has(code);
}

/** Undefined for what is no error of SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  // The upper bytes say more about the same trouble.
  return error.errcode & 0xff;
}
