/**
 * Hands the changes that a scan finds to the store, many at a time so that they share a commit, but never so many that a claim has to
 * wait for them, and never late: whoever waits for a task hears of it while the scan still runs.
 */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { LibraryChange, TaskCatalogue } from '../queue/task-catalogue.ts';
import { transcriptCandidates } from './transcript-names.ts';

export type ScanChangesOptions = {
  library: { readonly root: string };
  catalogue: Pick<TaskCatalogue, 'apply'>;
  transcriptName: string;
  now: () => number;
  onTasks: (count: number) => void;
};

const changesAtOnce = 1000;
const longestWaitMs = 250;

export class ScanChanges {
  /** What took effect, by its kind. */
  readonly counts: Record<string, number> = {};
  readonly #options: ScanChangesOptions;
  #waiting: LibraryChange[] = [];
  #waitsSince = 0;
  #underWay: Promise<void> = Promise.resolve();

  constructor(options: ScanChangesOptions) {
    this.#options = options;
  }

  async add(changes: readonly LibraryChange[]): Promise<void> {
    if (this.#waiting.length === 0) this.#waitsSince = performance.now();
    for (const change of changes) {
      this.#waiting.push(change);
      if (this.#waiting.length >= changesAtOnce) await this.#send();
    }
    if (this.#waiting.length > 0 && performance.now() - this.#waitsSince > longestWaitMs) await this.#send();
  }

  /** Resolves when the store has all of them. */
  async flush(): Promise<void> {
    await this.#send();
    await this.#underWay;
  }

  /** The scan goes on while the store works, but not further than one parcel. */
  async #send(): Promise<void> {
    const parcel = this.#waiting;
    this.#waiting = [];
    await this.#underWay;
    this.#underWay = this.#apply(parcel);
    // It is looked at with the next parcel, or at the end.
    this.#underWay.catch(() => {});
  }

  async #apply(parcel: readonly LibraryChange[]): Promise<void> {
    const current = parcel.filter((change) => !this.#isOutdated(change));
    if (current.length === 0) return;
    const { catalogue, now, onTasks } = this.#options;
    const applied = await catalogue.apply(current, now());
    for (const { kind } of applied) this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    const tasks = applied.filter(({ kind }) => bringsTask.has(kind)).length;
    if (tasks > 0) onTasks(tasks);
  }

  /** The world went on since the folder was listed: a task may have been finished. */
  #isOutdated(change: LibraryChange): boolean {
    if (change.kind !== 'reopen') return false;
    const { library, transcriptName } = this.#options;
    return transcriptCandidates(transcriptName, change.path, change.language).some(
      (name) => lstatSync(path.join(library.root, name), { throwIfNoEntry: false }) !== undefined,
    );
  }
}

const bringsTask: ReadonlySet<LibraryChange['kind']> = new Set(['add', 'replace', 'reopen', 'offer']);
