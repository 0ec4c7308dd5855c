/** Lists one folder of the library: which entries there are, sorted. It follows no link. It waits for the disk. */
import { type Dirent, lstatSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../src/app-error.ts';
import type { ScanLog } from './scan-notices.ts';
import { type Entry, type EntryKind, sortEntries, type SortedEntries, type SortOptions } from './sort-entries.ts';

export type ReadFolder = Omit<SortedEntries, 'temporaries'> & {
  /** Names of all that lies in it. */
  present: Set<string>;
  /** False where there are folders at most: its disk may not be mounted. */
  holdsFiles: boolean;
};

export type ReadOptions = SortOptions & {
  /** Wall time, for the age of temporary files. */
  now: number;
  log: ScanLog;
};

/** A temporary sibling is left alone for an hour: its writer may still be at it. */
const temporaryLifeMs = 3_600_000;

/** @throws when the folder cannot be read: then nothing is known about it. */
export function readFolder(folder: string, options: ReadOptions): ReadFolder {
  const entries = readdirSync(folder, { withFileTypes: true }).map((entry): Entry => ({
    name: entry.name,
    kind: kindOf(entry, folder),
  }));
  const { temporaries, ...sorted } = sortEntries(entries, options);
  removeStale(folder, temporaries, options);
  return {
    ...sorted,
    present: new Set(entries.map((entry) => entry.name)),
    holdsFiles: entries.some((entry) => entry.kind !== 'folder'),
  };
}

function kindOf(entry: Dirent, folder: string): EntryKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return 'other';
  try {
    return statSync(path.join(folder, entry.name)).isDirectory() ? 'link to folder' : 'link';
  } catch {
    return 'link';
  }
}

/** A folder may be read-only: what cannot be removed stays, and the folder is read all the same. */
function removeStale(folder: string, names: readonly string[], { now, log }: ReadOptions): void {
  for (const name of names) {
    const file = path.join(folder, name);
    try {
      const found = lstatSync(file, { throwIfNoEntry: false });
      if (found !== undefined && now - found.mtimeMs > temporaryLifeMs) unlinkSync(file);
    } catch (error) {
      const fields = { file, reason: messageOf(error) };
      log({ level: 'debug', fields, message: 'cannot remove an old temporary file' });
    }
  }
}
