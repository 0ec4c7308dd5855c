/**
 * Brings the catalogue of tasks in line with the library, folder by folder. What cannot be looked at keeps its tasks as they are:
 * a disk that is not mounted must never look like a thousand deleted recordings.
 */
import path from 'node:path';
import type { Clock } from '../../src/clock.ts';
import { messageOf } from '../../src/app-error.ts';
import type { Logger } from '../../src/logger.ts';
import type { LibraryChange, TaskCatalogue } from '../queue/task-catalogue.ts';
import { absenceOf } from './absence.ts';
import { emptyFolder, type Library } from './library.ts';
import { planChanges } from './plan-changes.ts';
import { type ReadFolder, readFolder } from './read-folder.ts';
import { ScanNotices } from './scan-notices.ts';

export type LibraryScanOptions = {
  library: Library;
  catalogue: TaskCatalogue;
  extensions: readonly string[];
  defaultLanguage: string | undefined;
  logger: Logger;
  clock: Clock;
  /** Called when there are new tasks to be had. */
  onTasks: () => void;
};

type Walk = {
  visited: Set<string>;
  /** Folders that could not be read, or not be believed, with the reason. */
  unread: Map<string, string>;
  changes: LibraryChange[];
};

export class LibraryScan {
  readonly #options: LibraryScanOptions;
  readonly #notices: ScanNotices;

  constructor(options: LibraryScanOptions) {
    this.#options = options;
    this.#notices = new ScanNotices(options.logger);
  }

  /** One scan from end to end; never two at a time. Stops between folders when `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { library, catalogue } = this.#options;
    const absence = await absenceOf(library, catalogue);
    this.#notices.library(absence);
    if (absence !== undefined) return;

    const walk: Walk = { visited: new Set(), unread: new Map(), changes: [] };
    const queue = [''];
    for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
      if (signal.aborted) return;
      queue.push(...(await this.#visit(folder, walk)));
    }
    await this.#noteVanishedFolders(walk);
    this.#notices.endScan(walk.unread, count(walk.changes));
  }

  /** @returns the folders inside. */
  async #visit(folder: string, walk: Walk): Promise<string[]> {
    const { library, catalogue, extensions, defaultLanguage, clock, logger } = this.#options;
    let found: ReadFolder;
    try {
      found = await readFolder(path.join(library.root, folder), {
        extensions,
        defaultLanguage,
        now: clock.now(),
        logger,
      });
    } catch (error) {
      walk.unread.set(folder, messageOf(error));
      return [];
    }
    walk.visited.add(folder);
    for (const { name, reason } of found.skipped) this.#notices.skipped(path.posix.join(folder, name), reason);

    const planned = planChanges({ ...found, folder }, await catalogue.tasksIn(folder));
    if (!found.holdsFiles && planned.some(({ kind }) => kind === 'remove')) walk.unread.set(folder, emptyFolder);
    else await this.#apply(planned, walk);
    return found.folders.map((name) => path.posix.join(folder, name));
  }

  async #apply(planned: readonly LibraryChange[], walk: Walk): Promise<void> {
    const { catalogue, clock, onTasks } = this.#options;
    const applied = await catalogue.apply(await this.#withoutOutdated(planned), clock.now());
    walk.changes.push(...applied);
    if (applied.some(({ kind }) => bringsTask.has(kind))) onTasks();
  }

  /** The world went on since the folder was read: a task may have been finished. */
  async #withoutOutdated(planned: readonly LibraryChange[]): Promise<LibraryChange[]> {
    const kept: LibraryChange[] = [];
    for (const change of planned) {
      if (change.kind === 'reopen' && (await this.#options.library.hasTranscript(change.path))) continue;
      kept.push(change);
    }
    return kept;
  }

  /** Their tasks stay: a mount point may have vanished with its disk. */
  async #noteVanishedFolders(walk: Walk): Promise<void> {
    const { catalogue } = this.#options;
    const isBelow = (folder: string, parent: string): boolean =>
      parent === '' || folder === parent || folder.startsWith(`${parent}/`);
    for (const folder of await catalogue.folders()) {
      if (walk.visited.has(folder) || [...walk.unread.keys()].some((parent) => isBelow(folder, parent))) continue;
      const view = { folder, offered: [], finished: [], present: new Set<string>() };
      if (planChanges(view, await catalogue.tasksIn(folder)).length > 0) walk.unread.set(folder, emptyFolder);
    }
  }
}

const bringsTask: ReadonlySet<LibraryChange['kind']> = new Set(['add', 'replace', 'reopen', 'offer']);

function count(changes: readonly LibraryChange[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of changes) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
