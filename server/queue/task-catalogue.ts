/**
 * What the scan asks of the store: which tasks it knows, folder by folder, and which changes of the library it should follow.
 * A store must ignore a change whose guard (`startsFrom`) does not hold any more: workers go on while the scan looks.
 */
import type { Remote } from '../threads/calls.ts';
import type { TaskState } from './task-state.ts';

export type KnownTask = {
  name: string;
  state: TaskState;
  fingerprint: string;
  language: string;
  /** False while its recording is there but cannot be offered. */
  isOffered: boolean;
};

/** One recording that differs from what the store knows. `path` is relative to the library, with `/`. */
export type LibraryChange =
  | { kind: 'add'; path: string; fingerprint: string; sizeBytes: number; language: string }
  /** The recording has other bytes: attempts start anew. Nothing happens where the store knows this fingerprint already. */
  | { kind: 'replace'; path: string; fingerprint: string; sizeBytes: number; language: string }
  /** The transcript was taken away. */
  | { kind: 'reopen'; path: string; fingerprint: string; sizeBytes: number; language: string }
  | { kind: 'language'; path: string; language: string }
  /** A transcript lies beside it that nobody delivered. */
  | { kind: 'find'; path: string }
  /** It is there, but cannot be offered now: nobody gets it, and its history stays. */
  | { kind: 'withhold'; path: string }
  /** It can be offered again. */
  | { kind: 'offer'; path: string; language: string }
  /** The SHA-256 of the recording with this fingerprint, in hex. */
  | { kind: 'digest'; path: string; fingerprint: string; sha256: string }
  /** It vanished. */
  | { kind: 'remove'; path: string };

export type TaskCatalogueVerbs = {
  /** Folders (relative to the library, '' is the library itself) that have tasks. */
  folders(): string[];
  /** Tasks of one folder by name, from the first one after `after`; no more than `limit`. */
  tasksIn(folder: string, after: string, limit: number): KnownTask[];
  /** @returns the changes that took effect. */
  apply(changes: readonly LibraryChange[], now: number): LibraryChange[];
  /** Tasks that want a transcript: pending, leased, waiting. Answered at once, however many there are. */
  countOpen(): number;
};

export type TaskCatalogue = Remote<TaskCatalogueVerbs>;
