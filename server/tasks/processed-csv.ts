/** `processed.csv` beside the database, as the ancestor keeps it: one line for each result and each error, for people. */
import path from 'node:path';
import { messageOf } from '../../src/app-error.ts';
import { appendCsv, type CsvValue } from '../../src/csv-file.ts';
import type { Logger } from '../../src/logger.ts';
import type { Lease } from '../queue/task-queue.ts';

const header = ['filepath', 'fileid', 'ip', 'datetime', 'error'];

export class ProcessedCsv {
  readonly #file: string;
  readonly #root: string;
  readonly #logger: Logger;
  /** They came in one turn of the event loop, and are written together. */
  #waiting: CsvValue[][] = [];
  /** Resolves when what waits now is written. */
  #next: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: { file: string; libraryRoot: string; logger: Logger }) {
    this.#file = options.file;
    this.#root = options.libraryRoot;
    this.#logger = options.logger;
  }

  /** Resolves when the line is written. It is a record for people: a full disk is logged once and stops nothing. */
  add(lease: Lease, ip: string, now: number, error = ''): Promise<void> {
    this.#waiting.push([path.join(this.#root, lease.path), lease.leaseId, ip, new Date(now).toISOString(), error]);
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#write();
        resolve();
      });
    });
    return this.#next;
  }

  /** Opens the file each time: a person may have moved it away. */
  #write(): void {
    const lines = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    try {
      appendCsv(this.#file, header, ...lines);
      if (this.#isFailing) this.#logger.info({ file: this.#file }, 'processed.csv is written again');
      this.#isFailing = false;
    } catch (problem) {
      const fact = { file: this.#file, reason: messageOf(problem) };
      if (!this.#isFailing) this.#logger.warn(fact, 'cannot write processed.csv; lines are missing until it can');
      this.#isFailing = true;
    }
  }
}
