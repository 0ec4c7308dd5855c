/**
 * What a scan tells the log: each complaint once per change, and a summary only where something changed. A folder that was not read
 * again keeps what was said of it.
 */
import path from 'node:path';
import type { Skipped } from './sort-entries.ts';

/** The scan runs in a thread without a logger: its lines are written elsewhere. */
export type ScanLine = {
  level: 'debug' | 'info' | 'warn' | 'error';
  fields: Readonly<Record<string, unknown>>;
  message: string;
};
export type ScanLog = (line: ScanLine) => void;

/** A library full of links must not flood the log. */
const mostLinesAReason = 20;

export class ScanNotices {
  readonly #log: ScanLog;
  #absence: string | undefined;
  /** Folder -> name in it -> what was said of it. */
  readonly #said = new Map<string, ReadonlyMap<string, string>>();
  /** Folders that cannot be read, or not be believed, with the reason. */
  #unread = new Map<string, string>();
  /** Reason -> how often it is new in this scan. */
  #fresh = new Map<string, number>();

  constructor(log: ScanLog) {
    this.#log = log;
  }

  library(absence: string | undefined): void {
    if (absence !== undefined && absence !== this.#absence) {
      const message = 'no tasks are handed out until the library is back';
      this.#log({ level: 'error', fields: { reason: absence }, message });
    }
    if (absence === undefined && this.#absence !== undefined) {
      this.#log({ level: 'info', fields: {}, message: 'the library is back' });
    }
    this.#absence = absence;
  }

  /** A folder was read: these of its entries are not offered. */
  folder(folder: string, skipped: readonly Skipped[]): void {
    const before = this.#said.get(folder);
    for (const { name, reason } of skipped) {
      if (before?.get(name) !== reason) this.#complain(path.posix.join(folder, name), reason, 'not offered');
    }
    if (skipped.length === 0) this.#said.delete(folder);
    else this.#said.set(folder, new Map(skipped.map(({ name, reason }) => [name, reason])));
  }

  /** The folder is gone. */
  forget(folder: string): void {
    this.#said.delete(folder);
  }

  /** @param visited what was looked at; undefined: everything. */
  endScan(
    unread: ReadonlyMap<string, string>,
    changes: Readonly<Record<string, number>>,
    visited: ReadonlySet<string> | undefined,
  ): void {
    for (const [folder, reason] of unread) {
      if (this.#unread.get(folder) === reason) continue;
      this.#complain(folder, reason, 'folder cannot be read; its tasks stay');
    }
    const stillUnread = [...this.#unread].filter(([folder]) => visited !== undefined && !visited.has(folder));
    this.#unread = new Map([...stillUnread, ...unread]);
    for (const [reason, count] of this.#fresh) {
      if (count <= mostLinesAReason) continue;
      const fields = { reason, more: count - mostLinesAReason };
      this.#log({ level: 'warn', fields, message: 'not offered: and more' });
    }
    this.#fresh = new Map();
    if (Object.keys(changes).length > 0) this.#log({ level: 'info', fields: changes, message: 'scanned the library' });
  }

  #complain(recording: string, reason: string, message: string): void {
    const count = (this.#fresh.get(reason) ?? 0) + 1;
    this.#fresh.set(reason, count);
    if (count <= mostLinesAReason) this.#log({ level: 'warn', fields: { path: recording, reason }, message });
  }
}
