/** The whole store, as its users see it by parts; and what only its owner may do. */
import type { Remote } from '../threads/calls.ts';
import type { CredentialVerbs } from './credentials.ts';
import type { TaskCatalogueVerbs } from './task-catalogue.ts';
import type { TaskDeskVerbs } from './task-desk.ts';
import type { TaskQueueVerbs } from './task-queue.ts';

/** Which pending task goes first. */
export const taskOrders = ['oldest', 'newest', 'shortest'] as const;
export type TaskOrder = (typeof taskOrders)[number];

export type StorePolicy = { maxAttempts: number; order: TaskOrder };

export type StoreHealthVerbs = {
  /** Commits something that changes nothing; throws where nothing can be stored. */
  proveWritable(): void;
};

/** As the store runs them. The verbs of one group share a commit; each is all or nothing for itself. */
export type TaskStoreVerbs = TaskQueueVerbs & TaskCatalogueVerbs & TaskDeskVerbs & CredentialVerbs & StoreHealthVerbs;

export type TaskStore = Remote<TaskStoreVerbs>;
