/** `processed.csv` beside the database, as the ancestor keeps it: one line for each result and each error, for people. */
import path from 'node:path';
import { messageOf } from '../../src/app-error.ts';
import { appendCsv } from '../../src/csv-file.ts';
import type { Logger } from '../../src/logger.ts';
import type { Lease } from '../queue/task-queue.ts';

const header = ['filepath', 'fileid', 'ip', 'datetime', 'error'];

export class ProcessedCsv {
  readonly #file: string;
  readonly #root: string;
  readonly #logger: Logger;
  /** Lines are written one after the other, or two writers would both see an empty file and write its header. */
  #writing = Promise.resolve();

  constructor(options: { file: string; libraryRoot: string; logger: Logger }) {
    this.#file = options.file;
    this.#root = options.libraryRoot;
    this.#logger = options.logger;
  }

  /** Resolves when the line is written. It is a record for people: a full disk is logged and stops nothing. */
  add(lease: Lease, ip: string, now: number, error = ''): Promise<void> {
    const line = [path.join(this.#root, lease.path), lease.leaseId, ip, new Date(now).toISOString(), error];
    this.#writing = this.#writing.then(async () => {
      try {
        await appendCsv(this.#file, header, line);
      } catch (problem) {
        this.#logger.warn({ file: this.#file, reason: messageOf(problem) }, 'cannot write processed.csv');
      }
    });
    return this.#writing;
  }
}
