/**
 * Hears of changes in the folders of the library, one `fs.watch` for each: Node's recursive watch and chokidar look at every file first
 * and keep something for each, which a library of a hundred thousand does not deserve. It tells that something happened in a folder,
 * never what: the scan looks for itself. Where nobody can tell (network file systems, a limit of the system), it says so once.
 */
import { type FSWatcher, statfsSync, watch } from 'node:fs';
import path from 'node:path';
import { messageOf, systemErrorCode } from '../../src/app-error.ts';
import { networkFileSystem } from '../network-file-system.ts';
import type { ScanLog } from './scan-notices.ts';

export type WatchFoldersOptions = {
  root: string;
  /** Something happened in `folder`, to the entry `name` where that is known. */
  onChange: (folder: string, name: string | undefined) => void;
  log: ScanLog;
  /** For tests: the limits of a system cannot be set for one of them. */
  start?: typeof watch;
  /** The same: the number of a file system's kind. */
  kindOf?: (folder: string) => number;
};

export class WatchFolders {
  readonly #options: WatchFoldersOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  /** The system lets us watch no more; those that are watched stay so. */
  #isFull = false;
  readonly #said = new Set<string>();

  constructor(options: WatchFoldersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#watchers.size;
  }

  has(folder: string): boolean {
    return this.#watchers.has(folder);
  }

  /** @returns false where nothing would be heard of this folder. */
  watch(folder: string): boolean {
    if (this.#watchers.has(folder)) return true;
    if (this.#isFull) return false;
    const { root, start = watch, kindOf = fileSystemKind } = this.#options;
    const place = path.join(root, folder);
    try {
      const kind = kindOf(place);
      const network = kind === fuse ? 'FUSE' : networkFileSystem(kind);
      if (network !== undefined)
        return this.#cannot(`network ${network}`, { path: folder, fileSystem: network }, blind);
      const watcher = start(place, (_, name) => this.#heard(folder, watcher, name));
      watcher.on('error', () => this.#lost(folder, watcher));
      this.#watchers.set(folder, watcher);
      return true;
    } catch (error) {
      const isLimit = limits.has(systemErrorCode(error) ?? '');
      this.#isFull = isLimit;
      if (isLimit) return this.#cannot('limit', { watched: this.count, reason: messageOf(error) }, full);
      // It vanished; or it cannot be watched for a reason of its own.
      return false;
    }
  }

  unwatch(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  /** The limit may have been raised meanwhile. */
  tryAgain(): void {
    this.#isFull = false;
  }

  close(): void {
    for (const folder of this.#watchers.keys()) this.unwatch(folder);
  }

  #heard(folder: string, watcher: FSWatcher, name: string | null): void {
    if (this.#watchers.get(folder) !== watcher) return;
    // A folder that is removed or moved names itself; its watch hears no more of the folder that will have its name.
    if (name === path.basename(folder)) this.unwatch(folder);
    this.#options.onChange(folder, name ?? undefined);
  }

  #lost(folder: string, watcher: FSWatcher): void {
    if (this.#watchers.get(folder) !== watcher) return;
    this.unwatch(folder);
    this.#options.onChange(folder, undefined);
  }

  #cannot(what: string, fields: Record<string, unknown>, message: string): false {
    if (!this.#said.has(what)) this.#options.log({ level: 'warn', fields, message });
    this.#said.add(what);
    return false;
  }
}

/** inotify: too many watches; too many users of it, or too many open files. */
const limits: ReadonlySet<string> = new Set(['ENOSPC', 'EMFILE', 'ENFILE']);

const full =
  'the system watches no more folders: in the others new recordings are found by the next scan only; raise fs.inotify.max_user_watches (sysctl)';
const blind =
  'a network file system does not tell of changes made elsewhere: new recordings in it are found by the next scan only; STT_SCAN_SECONDS says how often it looks';

/** It may be local or not; what is behind it is not told either way. */
const fuse = 0x65_73_55_46;

function fileSystemKind(folder: string): number {
  if (process.platform !== 'linux') return 0;
  // Some kernels give the number with its sign.
  return statfsSync(folder).type >>> 0;
}
