/** Finds the lease that a request names. One that was granted to another credential is answered like an unknown id, and noticed. */
import type { Logger } from '../../src/logger.ts';
import type { Lease, TaskQueue } from '../queue/task-queue.ts';
import type { Peer } from './peer.ts';

export async function findLease(
  { queue, logger }: { queue: Pick<TaskQueue, 'find'>; logger: Logger },
  leaseId: string,
  peer: Peer,
): Promise<Lease | undefined> {
  const { credential, ip } = peer;
  const lease = await queue.find({ leaseId, credential });
  if (lease !== undefined || credential === undefined) return lease;
  const foreign = await queue.find({ leaseId, credential: undefined });
  if (foreign !== undefined) {
    // The rest of the id stays a secret of its worker.
    logger.warn(
      { lease: leaseId.slice(0, 8), credential, ip, owner: foreign.credential, path: foreign.path },
      'a lease was named by another credential than its own',
    );
  }
  return undefined;
}
