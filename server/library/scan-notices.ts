/** What a scan tells the log: each complaint once per change, and a summary only where something changed. */
import type { Logger } from '../../src/logger.ts';

/** A library full of links must not flood the log. */
const mostLinesAReason = 20;

export class ScanNotices {
  readonly #logger: Logger;
  #absence: string | undefined;
  /** Recording or folder -> what was said about it in the last scan. */
  #said = new Map<string, string>();
  /** The same, in this scan. */
  #found = new Map<string, string>();
  /** Reason -> how often it is new in this scan. */
  #fresh = new Map<string, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  library(absence: string | undefined): void {
    if (absence !== undefined && absence !== this.#absence) {
      this.#logger.error({ reason: absence }, 'no tasks are handed out until the library is back');
    }
    if (absence === undefined && this.#absence !== undefined) this.#logger.info('the library is back');
    this.#absence = absence;
  }

  skipped(recording: string, reason: string): void {
    this.#complain(recording, reason, 'not offered');
  }

  endScan(unread: ReadonlyMap<string, string>, changes: Readonly<Record<string, number>>): void {
    for (const [folder, reason] of unread) this.#complain(folder, reason, 'folder cannot be read; its tasks stay');
    for (const [reason, count] of this.#fresh) {
      if (count > mostLinesAReason)
        this.#logger.warn({ reason, more: count - mostLinesAReason }, 'not offered: and more');
    }
    if (Object.keys(changes).length > 0) this.#logger.info(changes, 'scanned the library');
    this.#said = this.#found;
    this.#found = new Map();
    this.#fresh = new Map();
  }

  #complain(path: string, reason: string, message: string): void {
    this.#found.set(path, reason);
    if (this.#said.get(path) === reason) return;
    const count = (this.#fresh.get(reason) ?? 0) + 1;
    this.#fresh.set(reason, count);
    if (count <= mostLinesAReason) this.#logger.warn({ path, reason }, message);
  }
}
