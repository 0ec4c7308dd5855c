/** Opens the store in a thread of its own, for the whole server. Commands use `openStoreDirectly` of the store itself. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Caller } from '../threads/calls.ts';
import { startThread } from '../threads/thread.ts';
import { isStoreTrouble } from './sqlite/store-trouble.ts';
import type { StoreThreadData, StoreThreadVerbs } from './sqlite/store-thread.ts';
import type { StorePolicy, TaskStore, TaskStoreVerbs } from './task-store.ts';

export type OpenStoreOptions = {
  file: string;
  policy: StorePolicy;
  /** The thread ended by itself: nothing can be promised any more. */
  onFailure: (error: Error) => void;
  /** It could not store or read something, for now: locked, full, or broken. */
  onTrouble?: (error: Error) => void;
};

export type OpenStore = {
  /** A verb that resolved has been committed. */
  store: TaskStore;
  file: string;
  /** The file that was asked for, where it belongs to another program. */
  foreignFile: string | undefined;
  /** Another thread speaks with the store by the other end: there, `new Caller<TaskStoreVerbs>(port).verbs`. */
  connect: (port: MessagePort) => Promise<void>;
  /** How many groups of calls were answered, and how many commits that took. */
  groups: () => Promise<{ groups: number; commits: number }>;
  /** Answers what was asked before, closes the database, then ends the thread. Later calls are rejected. */
  close: () => Promise<void>;
};

/** Rejects with an AppError (exit code 78) where the database cannot be used. */
export async function openStore({ file: wanted, policy, onFailure, onTrouble }: OpenStoreOptions): Promise<OpenStore> {
  const thread = await startThread<StoreThreadVerbs, StoreThreadData>({
    name: 'the store',
    file: new URL('./sqlite/store-thread', import.meta.url),
    data: { file: wanted, policy },
    onFailure,
  });
  const { verbs } = thread.calls;
  const connect = async (port: MessagePort): Promise<void> => {
    await thread.calls.call('connect', [port], [port]);
  };
  const { file, foreignFile } = await verbs.opened();
  const { port1, port2 } = new MessageChannel();
  await connect(port2);
  const caller = new Caller<TaskStoreVerbs>(port1, (error) => {
    if (isStoreTrouble(error)) onTrouble?.(error);
  });
  const close = async (): Promise<void> => {
    try {
      await verbs.close();
    } finally {
      caller.close();
      await thread.end();
    }
  };
  let closing: Promise<void> | undefined;
  return {
    store: caller.verbs,
    file,
    foreignFile,
    connect,
    groups: () => verbs.groups(),
    close: () => (closing ??= close()),
  };
}
