/**
 * The thread that owns the database. While it commits, calls gather at its ports; all that gathered is the next group: one
 * transaction, one fsync, then all answers. It blocks itself and nobody else.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import {
  answerCalls,
  type Call,
  carryError,
  type Outcome,
  type Reply,
  reply,
  type Verbs,
} from '../../threads/calls.ts';
import { bringUp, threadStart } from '../../threads/inside.ts';
import type { StorePolicy } from '../task-store.ts';
import { type Hold, holdDatabase } from './hold-database.ts';
import { openDatabase } from './open-database.ts';
import { type SqliteTaskStore, sqliteTaskStore } from './sqlite-task-store.ts';
import type { Settled } from './transactions.ts';

export type StoreThreadData = { file: string; policy: StorePolicy };

/** What the owner of the thread asks. The verbs of the store travel by ports of their own. */
export type StoreThreadVerbs = {
  opened(): { file: string; foreignFile: string | undefined };
  /** Somebody speaks with the store by this port from now on. */
  connect(port: MessagePort): void;
  /** Answers what arrived before, and closes the database; then the thread may end. */
  close(): void;
  groups(): { groups: number; commits: number };
};

/** More wait for the next group, so that no answer waits for too much work of others. */
const largestGroup = 1000;

type Arrived = { port: MessagePort; call: Call };

class StoreThread {
  readonly #store: SqliteTaskStore;
  readonly #close: () => void;
  readonly #ports = new Set<MessagePort>();
  #isClosed = false;

  constructor(store: SqliteTaskStore, close: () => void) {
    this.#store = store;
    this.#close = close;
  }

  connect(port: MessagePort): void {
    this.#ports.add(port);
    port.on('close', () => this.#ports.delete(port));
    port.on('message', (calls: Call[]) => this.#answer(this.#gather(calls.map((call) => ({ port, call })))));
  }

  close(): void {
    for (let arrived = this.#gather([]); arrived.length > 0; arrived = this.#gather([])) this.#answer(arrived);
    this.#isClosed = true;
    this.#close();
  }

  #gather(arrived: Arrived[]): Arrived[] {
    for (const port of this.#ports) {
      while (arrived.length < largestGroup) {
        const next = receiveMessageOnPort(port);
        if (next === undefined) break;
        const calls: Call[] = next.message;
        for (const call of calls) arrived.push({ port, call });
      }
    }
    return arrived;
  }

  #answer(arrived: readonly Arrived[]): void {
    const settled = this.#store.transactions.group(
      arrived.map(
        ({ call }) =>
          () =>
            this.#run(call),
      ),
    );
    const replies = new Map<MessagePort, Reply[]>();
    for (const [index, { port, call }] of arrived.entries()) {
      const answer = { sequence: call.sequence, ...outcomeOf(settled[index]) };
      const answers = replies.get(port);
      if (answers === undefined) replies.set(port, [answer]);
      else answers.push(answer);
    }
    for (const [port, answers] of replies) reply(port, answers);
  }

  #run({ verb, args }: Call): unknown {
    if (this.#isClosed) throw new Error('the store is closed');
    const verbs: Verbs = this.#store.verbs;
    if (!Object.hasOwn(verbs, verb)) throw new Error(`the store has no verb ${verb}`);
    return (verbs[verb] as (...given: readonly unknown[]) => unknown)(...args);
  }
}

function outcomeOf(settled: Settled<unknown> | undefined): Outcome {
  if (settled?.kind === 'value') return settled;
  return { kind: 'error', error: carryError(settled?.error) };
}

await bringUp(() => {
  const { port, data } = threadStart<StoreThreadData>();
  let hold: Hold | undefined;
  const onFound = (found: string): void => {
    hold = holdDatabase(found);
  };
  const { db, file, foreignFile } = openDatabase(data.file, { onFound });
  const store = sqliteTaskStore(db, { ...data.policy, jitter: Math.random });
  const thread = new StoreThread(store, () => {
    db.close();
    hold?.release();
  });
  const verbs: StoreThreadVerbs = {
    opened: () => ({ file, foreignFile }),
    connect: (other) => thread.connect(other),
    close: () => thread.close(),
    groups: () => store.transactions.counts,
  };
  answerCalls(port, verbs);
});
