/** Tells trouble of the database that passes by itself (locked, disk full) from a fault of ours. Pure. */

/** SQLITE_BUSY, SQLITE_IOERR, SQLITE_FULL (sqlite.org/rescode.html). */
const passing: ReadonlySet<number> = new Set([5, 10, 13]);

/** Whether the same request may succeed later; nothing of it was committed. */
export function isStoreTrouble(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return false;
  // The upper bytes say more about the same trouble.
  return passing.has(error.errcode & 0xff);
}
