/**
 * What the scan remembers of each folder between two scans, so that the next one need not look at everything: whether anything
 * happened in it, the folders inside, what its sidecars said.
 */
import { lstatSync } from 'node:fs';
import path from 'node:path';
import { SidecarCache } from './sidecar-cache.ts';

export type FolderMemory = {
  /** Tells this directory from another one that is put in its place: a new one, a disk that is mounted over it. */
  identity: string | undefined;
  /** The folders inside, relative to the library. */
  folders: readonly string[];
  sidecars: SidecarCache;
  /** It is watched, and nothing happened in it since it was read. */
  isFresh: boolean;
};

export class ScanMemory {
  readonly #root: string;
  readonly #folders = new Map<string, FolderMemory>();

  constructor(root: string) {
    this.#root = root;
  }

  get(folder: string): FolderMemory | undefined {
    return this.#folders.get(folder);
  }

  /** The memory of this folder, new where there is none or where it is another directory now. */
  recall(folder: string): FolderMemory {
    const identity = identityOf(path.join(this.#root, folder));
    const known = this.#folders.get(folder);
    if (known !== undefined && known.identity === identity) return known;
    const fresh = { identity, folders: [], sidecars: new SidecarCache(), isFresh: false };
    this.#folders.set(folder, fresh);
    return fresh;
  }

  /** Whether it need not be read again. */
  isFresh(folder: string): boolean {
    const known = this.#folders.get(folder);
    return known?.isFresh === true && known.identity === identityOf(path.join(this.#root, folder));
  }

  /** Something happened in it. */
  isStale(folder: string): void {
    const known = this.#folders.get(folder);
    if (known !== undefined) known.isFresh = false;
  }

  allAreStale(): void {
    for (const memory of this.#folders.values()) memory.isFresh = false;
  }

  /** It is gone, with all in it. @returns every folder that was forgotten. */
  forget(folder: string): string[] {
    const known = this.#folders.get(folder);
    if (known === undefined) return [];
    this.#folders.delete(folder);
    return [folder, ...known.folders.flatMap((child) => this.forget(child))];
  }
}

function identityOf(place: string): string | undefined {
  try {
    const stat = lstatSync(place, { throwIfNoEntry: false });
    return stat === undefined ? undefined : `${stat.dev}:${stat.ino}:${stat.birthtimeMs}`;
  } catch {
    return undefined;
  }
}
