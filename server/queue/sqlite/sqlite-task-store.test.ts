// deadline: 120 s
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { Remote } from '../../threads/calls.ts';
import { openStore, type OpenStore } from '../open-store.ts';
import { conformance } from '../task-store.conformance.ts';
import type { StorePolicy, TaskStoreVerbs } from '../task-store.ts';
import type { ConformingStore } from '../testing/conforming-store.ts';
import { type DirectStore, openStoreDirectly } from './open-store-directly.ts';

/** The verbs of this thread, called as if they were elsewhere. */
function wrapped<V extends object>(verbs: V): Remote<V> {
  return new Proxy(verbs as unknown as Remote<V>, {
    get: (_, verb) => {
      const run = verbs[verb as keyof V] as (...args: unknown[]) => unknown;
      return async (...args: unknown[]) => run(...args);
    },
  });
}

async function openWrapped(policy: StorePolicy): Promise<ConformingStore> {
  const folder = await temporaryFolder();
  const file = folder.join('tasks.sqlite');
  let direct: DirectStore = openStoreDirectly(file, policy);
  const other = openStoreDirectly(file, policy);
  return {
    store: () => wrapped<TaskStoreVerbs>(direct.store),
    elsewhere: other.store,
    async restart() {
      direct.close();
      direct = openStoreDirectly(file, policy);
    },
    async [Symbol.asyncDispose]() {
      direct.close();
      other.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function openThreaded(policy: StorePolicy): Promise<ConformingStore> {
  const folder = await temporaryFolder();
  const file = folder.join('tasks.sqlite');
  const failed = (error: Error): void => {
    throw error;
  };
  let opened: OpenStore = await openStore({ file, policy, onFailure: failed });
  const other = openStoreDirectly(file, policy);
  return {
    store: () => opened.store,
    elsewhere: other.store,
    async restart() {
      await opened.close();
      opened = await openStore({ file, policy, onFailure: failed });
    },
    async [Symbol.asyncDispose]() {
      await opened.close();
      other.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

conformance('tasks in SQLite', openWrapped, { runs: 60 });
conformance('tasks in SQLite, in a thread of their own', openThreaded, { runs: 12 });
