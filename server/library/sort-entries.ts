/**
 * Sorts the entries of one folder: recordings that want a transcript, recordings that have one, folders to look into, and what is
 * passed over, with the reason. Pure: it knows names and kinds only.
 */
import { temporarySuffix } from '../../src/atomic-file.ts';
import { extensionOf, stemOf } from './media-types.ts';

export type EntryKind = 'file' | 'folder' | 'link' | 'link to folder' | 'other';
export type Entry = { name: string; kind: EntryKind };

/** Why something that looks like a recording is not offered. */
export type Skipped = { name: string; reason: string };

export type SortedEntries = {
  /** Recordings without a transcript, those with a common stem together, by name. */
  wanted: { stem: string; names: string[]; hasSidecar: boolean }[];
  /** Recordings with a transcript beside them. */
  finished: string[];
  folders: string[];
  skipped: Skipped[];
  /** Files a server left behind that was stopped while it wrote. */
  temporaries: string[];
};

export function sortEntries(entries: readonly Entry[], extensions: readonly string[]): SortedEntries {
  const names = new Set(entries.map((entry) => entry.name));
  const sorted: SortedEntries = { wanted: [], finished: [], folders: [], skipped: [], temporaries: [] };
  const wanted = new Map<string, string[]>();

  for (const { name, kind } of entries.toSorted(byName)) {
    const isRecording = extensions.includes(extensionOf(name));
    if (name.startsWith('.')) {
      if (kind === 'file' && name.endsWith(temporarySuffix)) sorted.temporaries.push(name);
    } else if (kind === 'folder' && !isRecording) {
      sorted.folders.push(name);
    } else if (isRecording || kind === 'link to folder') {
      const objection = objectionTo(name, kind);
      if (objection !== undefined) sorted.skipped.push({ name, reason: objection });
      else if (names.has(`${stemOf(name)}.vtt`)) sorted.finished.push(name);
      else wanted.set(stemOf(name), [...(wanted.get(stemOf(name)) ?? []), name]);
    }
  }
  for (const [stem, group] of wanted) {
    sorted.wanted.push({ stem, names: group, hasSidecar: names.has(`${stem}.json`) });
  }
  return sorted;
}

const objections: Record<EntryKind, string | undefined> = {
  file: undefined,
  folder: 'it is a directory that is named like a recording; rename it to have it looked into',
  link: 'it is a symbolic link; links are not followed',
  'link to folder': 'it is a symbolic link; links are not followed',
  other: 'it is not a regular file',
};

function objectionTo(name: string, kind: EntryKind): string | undefined {
  // Node.js puts this character where a name is not UTF-8; the file cannot be opened by such a name.
  return name.includes('\uFFFD') ? 'its name is not valid UTF-8; rename it' : objections[kind];
}

function byName(a: Entry, b: Entry): number {
  return a.name < b.name ? -1 : 1;
}
