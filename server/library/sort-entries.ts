/**
 * Sorts the entries of one folder: recordings that want a transcript, recordings that have one, folders to look into, and what is
 * passed over, with the reason. Pure: it knows names and kinds only.
 */
import { temporarySuffix } from '../../src/atomic-file.ts';
import { extensionOf, stemOf } from './media-types.ts';
import { finishedStems, sharedNames } from './transcript-names.ts';

export type EntryKind = 'file' | 'folder' | 'link' | 'link to folder' | 'other';
export type Entry = { name: string; kind: EntryKind };

/** Why something that looks like a recording is not offered. */
export type Skipped = { name: string; reason: string };

/** Recordings with a common stem and without a transcript, by name. */
export type Wanted = {
  stem: string;
  names: string[];
  hasSidecar: boolean;
  /** Names that its transcript must not get, because they belong to another recording. */
  forbiddenNames: readonly string[];
};

export type SortedEntries = {
  wanted: Wanted[];
  /** Recordings with a transcript beside them. */
  finished: string[];
  folders: string[];
  skipped: Skipped[];
  /** Files a server left behind that was stopped while it wrote. */
  temporaries: string[];
};

export type SortOptions = {
  extensions: readonly string[];
  /** As `STT_TRANSCRIPT_NAME`. */
  transcriptName: string;
};

export function sortEntries(entries: readonly Entry[], { extensions, transcriptName }: SortOptions): SortedEntries {
  const sorted: SortedEntries = { wanted: [], finished: [], folders: [], skipped: [], temporaries: [] };
  const isRecordingType = new Set(extensions);
  const byStem = new Map<string, string[]>();

  for (const { name, kind } of entries) {
    if (name.startsWith('.')) {
      if (kind === 'file' && name.endsWith(temporarySuffix)) sorted.temporaries.push(name);
      continue;
    }
    const isRecording = isRecordingType.has(extensionOf(name));
    if (kind === 'folder' && !isRecording) sorted.folders.push(name);
    if (!isRecording && kind !== 'link to folder') continue;
    const objection = objectionTo(name, kind);
    if (objection === undefined) collect(byStem, stemOf(name), name);
    else sorted.skipped.push({ name, reason: objection });
  }

  const names = new Set(entries.map((entry) => entry.name));
  const stems = new Set(byStem.keys());
  const finished = finishedStems(transcriptName, names, stems);
  const shared = sharedNames(transcriptName, stems);
  for (const [stem, group] of byStem) {
    if (finished.has(stem)) sorted.finished.push(...group);
    else {
      const forbiddenNames = shared.get(stem) ?? [];
      sorted.wanted.push({ stem, names: group.toSorted(), hasSidecar: names.has(`${stem}.json`), forbiddenNames });
    }
  }
  sorted.wanted.sort((a, b) => ((a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1));
  sorted.finished.sort();
  sorted.folders.sort();
  sorted.skipped.sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted;
}

function collect(groups: Map<string, string[]>, stem: string, name: string): void {
  const group = groups.get(stem);
  if (group === undefined) groups.set(stem, [name]);
  else group.push(name);
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
