/**
 * Whether what workers deliver can be stored: a disk that is full or broken means that no tasks are handed out, since nobody could
 * take their transcripts. Found out by failures, and tried again by small writes of its own, so that it ends without a restart.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, systemErrorCode } from '../../src/app-error.ts';
import type { Logger } from '../../src/logger.ts';

export type Place = 'library' | 'database';

export type StorageOptions = {
  /** Writes a little, durably, and takes it away again; rejects where that is not possible. */
  probes: Record<Place, () => Promise<void>>;
  logger: Logger;
  /** Milliseconds, from any start. */
  elapsed?: () => number;
};

type Trouble = {
  reason: string;
  /** Under way. */
  probe: Promise<void> | undefined;
  /** Not again before. */
  probeAt: number;
};

/** Of a disk as a whole. A folder that may not be written concerns its own recordings only. */
const diskTroubles: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS']);
const pauseMs = 1000;
/** Whoever asks waits so long for the answer of a disk, which may be a hung one. */
const patienceMs = 200;

const consequence: Record<Place, string> = {
  library: 'transcripts cannot be written below the library',
  database: 'the task database cannot be written',
};

export class Storage {
  readonly #options: StorageOptions;
  readonly #elapsed: () => number;
  readonly #troubles = new Map<Place, Trouble>();

  constructor(options: StorageOptions) {
    this.#options = options;
    this.#elapsed = options.elapsed ?? (() => performance.now());
  }

  /** A write below the library failed. */
  libraryFailed(error: unknown): void {
    if (diskTroubles.has(systemErrorCode(error) ?? '')) this.#failed('library', messageOf(error));
  }

  /** It is locked, full or broken: what `isStoreTrouble` says. */
  databaseFailed(error: unknown): void {
    this.#failed('database', messageOf(error));
  }

  /** Something was written there. */
  works(place: Place): void {
    if (this.#troubles.delete(place)) this.#options.logger.info({ place }, 'it can be written again');
  }

  get isTroubled(): boolean {
    return this.#troubles.size > 0;
  }

  /** @returns why no tasks should be handed out. Whoever asks has it tried again, now or after a pause. */
  async objection(): Promise<string | undefined> {
    if (!this.isTroubled) return undefined;
    const probes = Promise.all([...this.#troubles].map(([place, trouble]) => this.#probe(place, trouble)));
    await Promise.race([probes, delay(patienceMs)]);
    const reasons = [...this.#troubles].map(([place, { reason }]) => `${consequence[place]}: ${reason}`);
    return reasons.length === 0 ? undefined : reasons.join('; ');
  }

  #failed(place: Place, reason: string): void {
    const known = this.#troubles.get(place);
    if (known !== undefined) {
      known.reason = reason;
      return;
    }
    this.#options.logger.error({ place, reason }, 'no tasks are handed out until it can be written again');
    this.#troubles.set(place, { reason, probe: undefined, probeAt: Number.NEGATIVE_INFINITY });
  }

  #probe(place: Place, trouble: Trouble): Promise<void> {
    if (trouble.probe === undefined && this.#elapsed() < trouble.probeAt) return Promise.resolve();
    return (trouble.probe ??= this.#probeNow(place, trouble));
  }

  async #probeNow(place: Place, trouble: Trouble): Promise<void> {
    try {
      await this.#options.probes[place]();
      this.works(place);
    } catch (error) {
      trouble.reason = messageOf(error);
    }
    trouble.probe = undefined;
    trouble.probeAt = this.#elapsed() + pauseMs;
  }
}
