/** Ids of leases: 128 fresh random bits in hex, from the system's own source. Whoever knows one holds the lease. */
import { randomFillSync } from 'node:crypto';

const idBytes = 16;
/** One call to the system for many ids; each part is used once. */
const pool = Buffer.alloc(64 * idBytes);
let used = pool.length;

export function freshLeaseId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const id = pool.toString('hex', used, used + idBytes);
  pool.fill(0, used, used + idBytes);
  used += idBytes;
  return id;
}
