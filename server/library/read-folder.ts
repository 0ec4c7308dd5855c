/** Reads one folder of the library: which entries there are, and what can be offered of them. Follows no link, opens no pipe. */
import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, opendir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, systemErrorCode } from '../../src/app-error.ts';
import type { Logger } from '../../src/logger.ts';
import { fingerprintOf } from './open-recording.ts';
import type { Offered } from './plan-changes.ts';
import { readSidecar } from './sidecar.ts';
import { type Entry, type EntryKind, type Skipped, type SortedEntries, sortEntries } from './sort-entries.ts';

export type ReadFolder = {
  offered: Offered[];
  finished: string[];
  /** Names of the folders inside. */
  folders: string[];
  skipped: Skipped[];
  /** Names of all that lies in it. */
  present: Set<string>;
  /** False where there are folders at most: its disk may not be mounted. */
  holdsFiles: boolean;
};

export type ReadOptions = {
  extensions: readonly string[];
  /** For recordings whose sidecar does not state one; undefined: they are not offered. */
  defaultLanguage: string | undefined;
  /** Wall time, for the age of temporary files. */
  now: number;
  logger: Logger;
};

/** A temporary sibling is left alone for an hour: its writer may still be at it. */
const temporaryLifeMs = 3_600_000;
/** So many recordings are looked at together: the disk (or the network behind it) answers in parallel. */
const lookedAtTogether = 32;

/** @throws when the folder, or something in it, cannot be looked at: then nothing is known about it. */
export async function readFolder(folder: string, options: ReadOptions): Promise<ReadFolder> {
  const entries = await listEntries(folder);
  const sorted = sortEntries(entries, options.extensions);
  await removeStale(folder, sorted.temporaries, options);

  const found: ReadFolder = {
    offered: [],
    finished: sorted.finished,
    folders: sorted.folders,
    skipped: sorted.skipped,
    present: new Set(entries.map((entry) => entry.name)),
    holdsFiles: entries.some((entry) => entry.kind !== 'folder'),
  };
  for (let start = 0; start < sorted.wanted.length; start += lookedAtTogether) {
    const group = sorted.wanted.slice(start, start + lookedAtTogether);
    for (const look of await Promise.all(group.map((wanted) => lookAt(folder, wanted, options)))) {
      found.skipped.push(...look.skipped);
      if (look.offered !== undefined) found.offered.push(look.offered);
    }
  }
  return found;
}

async function listEntries(folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of await opendir(folder)) {
    entries.push({ name: entry.name, kind: await kindOf(entry, path.join(folder, entry.name)) });
  }
  return entries;
}

async function kindOf(entry: Dirent, file: string): Promise<EntryKind> {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (!entry.isSymbolicLink()) return 'other';
  try {
    return (await stat(file)).isDirectory() ? 'link to folder' : 'link';
  } catch {
    return 'link';
  }
}

type Look = { offered: Offered | undefined; skipped: Skipped[] };

async function lookAt(
  folder: string,
  { stem, names, hasSidecar }: SortedEntries['wanted'][number],
  { defaultLanguage }: ReadOptions,
): Promise<Look> {
  const look: Look = { offered: undefined, skipped: [] };
  const chosen = await chooseOne(folder, names, look.skipped);
  if (chosen === undefined) return look;

  const sidecar = hasSidecar ? await readSidecar(path.join(folder, `${stem}.json`)) : ({ kind: 'silent' } as const);
  const language = sidecar.kind === 'language' ? sidecar.language : defaultLanguage;
  if (sidecar.kind === 'bad') {
    const reason = `its sidecar (the .json beside it) is wrong: ${sidecar.reason}; mend it or take it away`;
    look.skipped.push({ name: chosen.name, reason });
  } else if (language === undefined) {
    look.skipped.push({ name: chosen.name, reason: hasSidecar ? noLanguage : noSidecar });
  } else {
    look.offered = { ...chosen, language };
  }
  return look;
}

const noLanguage = 'its sidecar states no language; add sql_params.language, or set STT_DEFAULT_LANGUAGE';
const noSidecar =
  'it has no sidecar; write {"sql_params":{"language":"en"}} to the .json beside it, or set STT_DEFAULT_LANGUAGE';

/** Recordings with a common stem would share one transcript: the first that holds something gets it. */
async function chooseOne(
  folder: string,
  names: readonly string[],
  skipped: Skipped[],
): Promise<{ name: string; fingerprint: string } | undefined> {
  let chosen: { name: string; fingerprint: string } | undefined;
  for (const name of names) {
    const found = await statIfThere(path.join(folder, name));
    if (found === undefined) continue;
    if (found.size === 0n) skipped.push({ name, reason: 'it is empty (0 bytes)' });
    else if (chosen === undefined) chosen = { name, fingerprint: fingerprintOf(found) };
    else skipped.push({ name, reason: `its transcript would have the name of that of ${chosen.name}; rename one` });
  }
  return chosen;
}

async function statIfThere(file: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(file, { bigint: true });
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A folder may be read-only: what cannot be removed stays, and the folder is read all the same. */
async function removeStale(folder: string, names: readonly string[], { now, logger }: ReadOptions): Promise<void> {
  for (const name of names) {
    const file = path.join(folder, name);
    try {
      const found = await statIfThere(file);
      if (found !== undefined && now - Number(found.mtimeMs) > temporaryLifeMs) await unlink(file);
    } catch (error) {
      logger.debug({ file, reason: messageOf(error) }, 'cannot remove an old temporary file');
    }
  }
}
