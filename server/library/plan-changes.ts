/**
 * Compares what lies in one folder with what the catalogue knows of it, and says what should change. Pure; whether a change may
 * still take effect is for the store to guard.
 */
import type { KnownTask, LibraryChange } from '../queue/task-catalogue.ts';
import { isFinished } from '../queue/task-state.ts';

/** A recording without a transcript that can be offered. */
export type Offered = { name: string; fingerprint: string; sizeBytes: number; language: string };

export type FolderView = {
  /** Relative to the library; '' is the library itself. */
  folder: string;
  offered: readonly Offered[];
  /** Names of recordings with a transcript beside them. */
  finished: readonly string[];
  /** Names of all that lies in it. */
  present: ReadonlySet<string>;
  /** Names of which nothing can be said yet: they are being written. What is known of them stays as it is. */
  unsettled?: ReadonlySet<string>;
};

export function planChanges(view: FolderView, known: readonly KnownTask[]): LibraryChange[] {
  const offered = new Map(view.offered.map((recording) => [recording.name, recording]));
  const finished = new Set(view.finished);
  const knownNames = new Set(known.map((task) => task.name));
  const pathOf = (name: string): string => (view.folder === '' ? name : `${view.folder}/${name}`);

  const toKnown = known
    // A lease under way finds out by itself, when it delivers.
    .filter((task) => task.state !== 'leased')
    .flatMap((task): LibraryChange[] => {
      const path = pathOf(task.name);
      if (finished.has(task.name)) return isFinished(task.state) ? [] : [{ kind: 'find', path }];
      const recording = offered.get(task.name);
      if (recording !== undefined) return compare(task, recording, path);
      if (view.unsettled?.has(task.name) === true) return [];
      return notOffered(task, path, view.present.has(task.name));
    });
  const added = view.offered
    .filter(({ name }) => !knownNames.has(name))
    .map(({ name, ...recording }): LibraryChange => ({ kind: 'add', path: pathOf(name), ...recording }));
  return [...toKnown, ...added];
}

/** Whether something is to be changed as soon as a worker has ended its lease: nobody may tell the scan of that. */
export function waitsForLease(view: FolderView, known: readonly KnownTask[]): boolean {
  const leased = known.filter((task) => task.state === 'leased');
  if (leased.length === 0) return false;
  const asPending = leased.map((task) => ({ ...task, state: 'pending' as const }));
  return planChanges(view, asPending).some(({ kind }) => kind !== 'add');
}

function notOffered(task: KnownTask, path: string, isThere: boolean): LibraryChange[] {
  // The rows of finished tasks stay: their leases answer repeated deliveries.
  if (isFinished(task.state)) return [];
  // A sidecar may be half-written: attempts and leases must outlive that.
  if (isThere) return task.isOffered ? [{ kind: 'withhold', path }] : [];
  return [{ kind: 'remove', path }];
}

function compare(task: KnownTask, recording: Offered, path: string): LibraryChange[] {
  const { fingerprint, sizeBytes, language } = recording;
  if (isFinished(task.state)) return [{ kind: 'reopen', path, fingerprint, sizeBytes, language }];
  if (task.fingerprint !== fingerprint) return [{ kind: 'replace', path, fingerprint, sizeBytes, language }];
  if (!task.isOffered) return [{ kind: 'offer', path, language }];
  return task.language === language ? [] : [{ kind: 'language', path, language }];
}
