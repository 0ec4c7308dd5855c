/**
 * The SHA-256 of a recording that is about to be sent: known from before, or computed now. The worker cannot send heartbeats before
 * it knows its lease, so the lease is kept alive while a large recording is read. What it learns it notes, but nothing depends on that.
 */
import { createHash } from 'node:crypto';
import { fstat } from 'node:fs';
import { promisify } from 'node:util';
import { messageOf } from '../../src/app-error.ts';
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import { fingerprintOf } from '../library/open-recording.ts';
import type { OpenRecording } from '../library/opened-recording.ts';
import { readAt } from '../library/read-at.ts';
import type { LibraryChange, TaskCatalogue } from '../queue/task-catalogue.ts';
import type { Lease, TaskQueue } from '../queue/task-queue.ts';
import { keyOf } from './leases.ts';

export type Digest =
  | { kind: 'known'; sha256: string }
  /** The worker hung up meanwhile. */
  | { kind: 'gone' }
  /** Also where somebody is still writing it: it is offered again later, with the bytes it has then. */
  | { kind: 'unreadable'; reason: string };

export type DigestsOptions = {
  queue: Pick<TaskQueue, 'renew'>;
  catalogue: Pick<TaskCatalogue, 'apply'>;
  clock: Clock;
  logger: Logger;
};

const stepBytes = 256 * 1024;
const statOf = promisify(fstat);

export class RecordingDigests {
  readonly #options: DigestsOptions;
  /** Those being computed, by path and fingerprint. */
  readonly #running = new Map<string, Promise<Digest>>();
  #toNote: LibraryChange[] = [];

  constructor(options: DigestsOptions) {
    this.#options = options;
  }

  /** What is known at once; undefined where the recording would have to be read. */
  known(lease: Lease, { content }: OpenRecording): string | undefined {
    if (content.kind === 'file') return lease.recordingSha256;
    this.#note(lease, content.sha256);
    return content.sha256;
  }

  async of(lease: Lease, recording: OpenRecording, gone: AbortSignal): Promise<Digest> {
    const known = this.known(lease, recording);
    if (known !== undefined) return { kind: 'known', sha256: known };
    const isDone = new AbortController();
    const keeping = this.#keepAlive(lease, isDone.signal);
    try {
      return await this.#computeOnce(lease, recording, gone);
    } finally {
      isDone.abort();
      await keeping;
    }
  }

  async #computeOnce(lease: Lease, recording: OpenRecording, gone: AbortSignal): Promise<Digest> {
    const key = `${recording.fingerprint} ${lease.path}`;
    for (;;) {
      const running = this.#running.get(key);
      if (running === undefined) break;
      const digest = await running;
      if (gone.aborted) return { kind: 'gone' };
      // The one who computed it may have hung up; somebody has to begin anew.
      if (digest.kind !== 'gone') return digest;
    }
    const computing = this.#compute(lease, recording, gone).finally(() => this.#running.delete(key));
    this.#running.set(key, computing);
    return computing;
  }

  async #compute(lease: Lease, { content, sizeBytes, fingerprint }: OpenRecording, gone: AbortSignal): Promise<Digest> {
    if (content.kind === 'bytes') return { kind: 'known', sha256: content.sha256 };
    try {
      const sha256 = await sha256OfFile(content.fd, sizeBytes, gone);
      if (gone.aborted) return { kind: 'gone' };
      const stat = await statOf(content.fd, { bigint: true });
      if (sha256 === undefined || fingerprintOf(stat) !== fingerprint) {
        return { kind: 'unreadable', reason: 'it changed while it was read' };
      }
      this.#note(lease, sha256);
      return { kind: 'known', sha256 };
    } catch (error) {
      return gone.aborted ? { kind: 'gone' } : { kind: 'unreadable', reason: messageOf(error) };
    }
  }

  /** What was learned goes to the store now, ahead of what is asked next. */
  flush(): void {
    if (this.#toNote.length === 0) return;
    const { catalogue, clock, logger } = this.#options;
    const changes = this.#toNote;
    this.#toNote = [];
    // Where it cannot be noted it is computed again some day.
    catalogue.apply(changes, clock.now()).catch((error: unknown) => {
      logger.debug({ reason: messageOf(error) }, 'cannot note the digests of recordings');
    });
  }

  #note({ path, fingerprint, recordingSha256 }: Lease, sha256: string): void {
    if (recordingSha256 === sha256) return;
    this.#toNote.push({ kind: 'digest', path, fingerprint, sha256 });
    // Together for all of this turn, and before the recording is sent: whoever delivers for it finds it noted.
    if (this.#toNote.length === 1) setImmediate(() => this.flush());
  }

  async #keepAlive(lease: Lease, ended: AbortSignal): Promise<void> {
    const { queue, clock, logger } = this.#options;
    for (;;) {
      await clock.sleep(lease.termMs / 3, ended);
      if (ended.aborted) return;
      try {
        await queue.renew(keyOf(lease), clock.now());
      } catch (error) {
        logger.debug({ path: lease.path, reason: messageOf(error) }, 'cannot keep a lease alive');
      }
    }
  }
}

/** @returns undefined where it became shorter, or nobody wants it any more. */
async function sha256OfFile(fd: number, sizeBytes: number, gone: AbortSignal): Promise<string | undefined> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(stepBytes);
  for (let position = 0; position < sizeBytes;) {
    const count = await readAt(fd, buffer, Math.min(stepBytes, sizeBytes - position), position);
    if (count === 0 || gone.aborted) return undefined;
    hash.update(buffer.subarray(0, count));
    position += count;
  }
  return hash.digest('hex');
}
