/**
 * What the scan asks of the store: which tasks it knows, folder by folder, and which changes of the library it should follow.
 * A store must ignore a change whose guard (`startsFrom`) does not hold any more: workers go on while the scan looks.
 */
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
  | { kind: 'add'; path: string; fingerprint: string; language: string }
  /** The recording has other bytes: attempts start anew. */
  | { kind: 'replace'; path: string; fingerprint: string; language: string }
  /** The transcript was taken away. */
  | { kind: 'reopen'; path: string; fingerprint: string; language: string }
  | { kind: 'language'; path: string; language: string }
  /** A transcript lies beside it that nobody delivered. */
  | { kind: 'find'; path: string }
  /** It is there, but cannot be offered now: nobody gets it, and its history stays. */
  | { kind: 'withhold'; path: string }
  /** It can be offered again. */
  | { kind: 'offer'; path: string; language: string }
  /** It vanished. */
  | { kind: 'remove'; path: string };

export type TaskCatalogue = {
  /** Folders (relative to the library, '' is the library itself) that have tasks. */
  folders(): Promise<string[]>;
  tasksIn(folder: string): Promise<KnownTask[]>;
  /** @returns the changes that took effect. */
  apply(changes: readonly LibraryChange[], now: number): Promise<LibraryChange[]>;
  /** Tasks that want a transcript. */
  countOpen(): Promise<number>;
};
