/** What the conformance suite needs of a store that it tries, and what its cases share. */
import type { suite } from 'uvu';
import type { LibraryChange } from '../task-catalogue.ts';
import type { Lease, LeaseKey, Worker } from '../task-queue.ts';
import type { TaskState } from '../task-state.ts';
import type { StorePolicy, TaskStore, TaskStoreVerbs } from '../task-store.ts';

export type ConformingStore = AsyncDisposable & {
  store: () => TaskStore;
  /** Closes the store and opens it again, as a restart does. */
  restart: () => Promise<void>;
  /** Another process that has opened the same store, and what it sees at this moment. */
  elsewhere: TaskStoreVerbs;
};

export type OpenConforming = (policy: StorePolicy) => Promise<ConformingStore>;

export type Cases = ReturnType<typeof suite>;

export const termMs = 1000;
export const worker: Worker = { name: 'w', ip: '::1', protocol: 2, credential: undefined };

export const added = (path: string, sizeBytes = 10): LibraryChange => ({
  kind: 'add',
  path,
  fingerprint: 'f1',
  sizeBytes,
  language: 'en',
});

/** A store with tasks, and short words for what most cases do. */
export type Bench = ConformingStore & {
  claim: (now: number, credential?: string) => Promise<Lease>;
  /** Undefined where there is no task. */
  ask: (now: number, credential?: string) => Promise<Lease | undefined>;
  apply: (now: number, ...changes: LibraryChange[]) => Promise<LibraryChange[]>;
  stateOf: (path: string) => Promise<TaskState | undefined>;
  idOf: (path: string) => Promise<number>;
};

export async function bench(
  open: OpenConforming,
  paths: readonly string[],
  policy: Partial<StorePolicy> = {},
): Promise<Bench> {
  const conforming = await open({ maxAttempts: 5, order: 'oldest', ...policy });
  const { store } = conforming;
  await store().apply(
    paths.map((path) => added(path)),
    0,
  );
  let grants = 0;
  const ask: Bench['ask'] = (now, credential) =>
    store().claim({ leaseId: `lease ${(grants += 1)}`, worker: { ...worker, credential }, termMs }, now);
  const taskOf = async (path: string) =>
    (await store().list({}, { after: 0, limit: 1000 })).find((task) => task.path === path);
  return {
    ...conforming,
    ask,
    async claim(now, credential) {
      const lease = await ask(now, credential);
      if (lease === undefined) throw new Error('no task');
      return lease;
    },
    apply: (now, ...changes) => store().apply(changes, now),
    stateOf: async (path) => (await taskOf(path))?.state,
    async idOf(path) {
      const task = await taskOf(path);
      if (task === undefined) throw new Error(`no task ${path}`);
      return task.taskId;
    },
  };
}

export const keyOf = ({ leaseId }: Lease, credential?: string): LeaseKey => ({ leaseId, credential });
export const released = { outcome: 'released', reason: undefined } as const;
export const done = (sha256 = 'x') => ({ state: 'done', sha256 }) as const;
export const replaced = (path: string, fingerprint: string): LibraryChange => ({
  kind: 'replace',
  path,
  fingerprint,
  sizeBytes: 20,
  language: 'en',
});
