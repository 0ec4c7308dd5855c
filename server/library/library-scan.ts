/**
 * Brings the catalogue of tasks in line with the library, folder by folder. What cannot be looked at keeps its tasks as they are:
 * a disk that is not mounted must never look like a thousand deleted recordings. It waits for the disk, so it has a thread of its own.
 */
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { messageOf, systemErrorCode } from '../../src/app-error.ts';
import type { KnownTask, TaskCatalogue } from '../queue/task-catalogue.ts';
import { absenceOf, type Present } from './absence.ts';
import type { DueFolders } from './due-folders.ts';
import { emptyFolder } from './library.ts';
import { lookAtWanted } from './look-at-wanted.ts';
import { type FolderView, planChanges, waitsForLease } from './plan-changes.ts';
import { type ReadFolder, readFolder } from './read-folder.ts';
import { ScanChanges } from './scan-changes.ts';
import { ScanMemory } from './scan-memory.ts';
import { type ScanLog, ScanNotices } from './scan-notices.ts';
import type { SidecarCache } from './sidecar-cache.ts';
import type { WatchFolders } from './watch-folders.ts';

export type LibraryScanOptions = {
  library: Present;
  catalogue: Pick<TaskCatalogue, 'folders' | 'tasksIn' | 'apply' | 'countOpen'>;
  extensions: readonly string[];
  defaultLanguage: string | undefined;
  /** As `STT_TRANSCRIPT_NAME`. */
  transcriptName: string;
  /** A file that changed within so many milliseconds is being written. */
  settleMs: number;
  /** The time of the server. */
  now: () => number;
  /** The time of the machine, which files are compared with: tests turn only the other. */
  fileNow: () => number;
  log: ScanLog;
  /** So many tasks more are to be had. */
  onTasks: (count: number) => void;
  /** Folders that should be looked at before the next scan, in the time of `performance.now()`. */
  due: DueFolders;
  /** Tells of folders in which something happened; undefined: everything is read by every scan. */
  watch?: WatchFolders | undefined;
};

export type ScanSummary = {
  /** Folders whose entries were looked at. */
  read: number;
  /** Folders that were left out: nothing happened in them. */
  fresh: number;
  changes: Readonly<Record<string, number>>;
};

type Walk = {
  visited: Set<string>;
  fresh: number;
  /** Folders that could not be read, or not be believed, with the reason. */
  unread: Map<string, string>;
  changes: ScanChanges;
  hasLostFolders: boolean;
};

type Extent = 'full' | 'whole' | 'some';

/** So many recordings are looked at before the thread hears what else there is. */
const lookedAtTogether = 500;
const tasksAPage = 2000;

export class LibraryScan {
  readonly #options: LibraryScanOptions;
  readonly #notices: ScanNotices;
  readonly #memory: ScanMemory;

  constructor(options: LibraryScanOptions) {
    this.#options = options;
    this.#notices = new ScanNotices(options.log);
    this.#memory = new ScanMemory(options.library.root);
  }

  /** Something happened in this folder: the next scan reads it. */
  distrust(folder: string): void {
    this.#memory.isStale(folder);
  }

  /** The whole library; folders in which nothing happened only where `isFull`. Never two scans at a time. */
  async run(signal: AbortSignal, isFull = true): Promise<ScanSummary> {
    if (isFull) this.#options.watch?.tryAgain();
    if (isFull) this.#memory.allAreStale();
    return this.#walkOrRepeat([''], signal, isFull ? 'full' : 'whole');
  }

  /** These folders and what is new in them. */
  async look(folders: readonly string[], signal: AbortSignal): Promise<ScanSummary> {
    for (const folder of folders) this.#memory.isStale(folder);
    return this.#walkOrRepeat(folders, signal, 'some');
  }

  /** Where the store fails, nobody knows which of the changes it has: what was read is read once more. */
  async #walkOrRepeat(start: readonly string[], signal: AbortSignal, extent: Extent): Promise<ScanSummary> {
    try {
      return await this.#walk(start, signal, extent);
    } catch (error) {
      this.#memory.allAreStale();
      if (extent === 'some') for (const folder of start) this.#options.due.changed(folder, performance.now());
      throw error;
    }
  }

  async #walk(start: readonly string[], signal: AbortSignal, extent: Extent): Promise<ScanSummary> {
    const { library, catalogue, due } = this.#options;
    const absence = await absenceOf(library, catalogue);
    this.#notices.library(absence);
    if (absence !== undefined) {
      this.#memory.allAreStale();
      for (const folder of start) due.begin(folder);
      return { read: 0, fresh: 0, changes: {} };
    }

    const changes = new ScanChanges(this.#options);
    const walk: Walk = { visited: new Set(), fresh: 0, unread: new Map(), changes, hasLostFolders: false };
    let level = start;
    while (level.length > 0) {
      const next: string[] = [];
      for (const folder of level) {
        if (signal.aborted) return this.#summary(walk);
        for (const child of await this.#visitUnlessFresh(folder, walk, signal)) {
          if (extent !== 'some' || this.#memory.get(child) === undefined) next.push(child);
        }
      }
      level = next;
    }
    await changes.flush();
    if (signal.aborted) return this.#summary(walk);
    if (extent === 'full' || walk.hasLostFolders) await this.#noteVanishedFolders(walk);
    this.#notices.endScan(walk.unread, changes.counts, extent === 'full' ? undefined : walk.visited);
    return this.#summary(walk);
  }

  #summary({ visited, fresh, changes }: Walk): ScanSummary {
    return { read: visited.size - fresh, fresh, changes: changes.counts };
  }

  /** @returns the folders inside. */
  async #visitUnlessFresh(folder: string, walk: Walk, signal: AbortSignal): Promise<readonly string[]> {
    const { due } = this.#options;
    if (this.#memory.isFresh(folder)) {
      walk.visited.add(folder);
      walk.fresh += 1;
      return this.#memory.get(folder)?.folders ?? [];
    }
    const beganAt = performance.now();
    due.begin(folder);
    const folders = await this.#visit(folder, walk, signal);
    due.end(folder, performance.now(), performance.now() - beganAt);
    return folders;
  }

  async #visit(folder: string, walk: Walk, signal: AbortSignal): Promise<readonly string[]> {
    const { library, watch, now } = this.#options;
    const before = this.#memory.get(folder);
    const memory = this.#memory.recall(folder);
    // Another directory of this name: what hears of the old one hears nothing of this.
    if (before !== undefined && before !== memory) watch?.unwatch(folder);
    // Before it is read, so that nothing is missed.
    memory.isFresh = watch?.watch(folder) ?? false;
    const place = path.join(library.root, folder);
    const listed = attempt(() => readFolder(place, { ...this.#options, now: now() }));
    if (listed.kind === 'failed') return this.#cannotRead(folder, listed.error, walk);
    const found = listed.value;
    const failure = await this.#compare(folder, found, memory.sidecars, walk, signal);
    if (failure !== undefined) return this.#cannotRead(folder, failure.error, walk);

    walk.visited.add(folder);
    if (walk.unread.has(folder)) memory.isFresh = false;
    const folders = found.folders.map((name) => path.posix.join(folder, name));
    const here = new Set(folders);
    for (const child of memory.folders) if (!here.has(child)) this.#forget(child, walk);
    memory.folders = folders;
    return folders;
  }

  #cannotRead(folder: string, error: unknown, walk: Walk): readonly string[] {
    this.#memory.isStale(folder);
    if (systemErrorCode(error) === 'ENOENT' && folder !== '') this.#forget(folder, walk);
    else walk.unread.set(folder, messageOf(error));
    return [];
  }

  /** It is gone; its tasks stay. */
  #forget(folder: string, walk: Walk): void {
    walk.hasLostFolders = true;
    for (const forgotten of this.#memory.forget(folder)) {
      this.#notices.forget(forgotten);
      this.#options.due.forget(forgotten);
      this.#options.watch?.unwatch(forgotten);
    }
  }

  /** @returns what kept it from looking at all of the folder: then nothing more is concluded from it. */
  async #compare(
    folder: string,
    found: ReadFolder,
    sidecars: SidecarCache,
    walk: Walk,
    signal: AbortSignal,
  ): Promise<Failed | undefined> {
    const { library, due, fileNow } = this.#options;
    const place = path.join(library.root, folder);
    const view = { folder, offered: [], finished: [], present: found.present };
    const known = await this.#knownIn(folder);
    const skipped = [...found.skipped];
    for (let start = 0; start < found.wanted.length; start += lookedAtTogether) {
      const group = found.wanted.slice(start, start + lookedAtTogether);
      const look = { ...this.#options, now: fileNow() };
      const looked = attempt(() => lookAtWanted(place, group, sidecars, look));
      if (looked.kind === 'failed') return looked;
      const { offered, unsettled, settlesAt } = looked.value;
      skipped.push(...looked.value.skipped);
      if (settlesAt !== undefined) due.settles(folder, performance.now() + Math.max(settlesAt - look.now, 0));
      const tasks = take(
        known,
        group.flatMap(({ names }) => names),
      );
      await this.#plan({ ...view, offered, unsettled }, tasks, walk);
      // Events and answers come in between.
      await turn();
      if (signal.aborted) return undefined;
    }
    sidecars.endReading();
    this.#notices.folder(folder, skipped);
    const tasks = [...known.values()];
    const last = { ...view, finished: found.finished };
    const isGone = !found.holdsFiles && planChanges(last, tasks).some(({ kind }) => kind === 'remove');
    if (isGone) walk.unread.set(folder, emptyFolder);
    else await this.#plan(last, tasks, walk);
    return undefined;
  }

  async #plan(view: FolderView, known: readonly KnownTask[], walk: Walk): Promise<void> {
    if (waitsForLease(view, known)) this.#memory.isStale(view.folder);
    await walk.changes.add(planChanges(view, known));
  }

  async #knownIn(folder: string): Promise<Map<string, KnownTask>> {
    const known = new Map<string, KnownTask>();
    for (let after = ''; ;) {
      const page = await this.#options.catalogue.tasksIn(folder, after, tasksAPage);
      for (const task of page) known.set(task.name, task);
      const last = page.at(-1);
      if (last === undefined || page.length < tasksAPage) return known;
      after = last.name;
    }
  }

  /** Their tasks stay: a mount point may have vanished with its disk. */
  async #noteVanishedFolders(walk: Walk): Promise<void> {
    const isBelow = (folder: string, parent: string): boolean =>
      parent === '' || folder === parent || folder.startsWith(`${parent}/`);
    const unread = [...walk.unread.keys()];
    for (const folder of await this.#options.catalogue.folders()) {
      if (this.#memory.get(folder) !== undefined || unread.some((parent) => isBelow(folder, parent))) continue;
      const view = { folder, offered: [], finished: [], present: new Set<string>() };
      const known = await this.#knownIn(folder);
      if (planChanges(view, [...known.values()]).length > 0) walk.unread.set(folder, emptyFolder);
    }
  }
}

function take(known: Map<string, KnownTask>, names: readonly string[]): KnownTask[] {
  return names.flatMap((name) => {
    const task = known.get(name);
    known.delete(name);
    return task ?? [];
  });
}

type Failed = { kind: 'failed'; error: unknown };

/** The disk's troubles are told from the store's, which end the scan. */
function attempt<T>(look: () => T): { kind: 'done'; value: T } | Failed {
  try {
    return { kind: 'done', value: look() };
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return { kind: 'failed', error };
  }
}
