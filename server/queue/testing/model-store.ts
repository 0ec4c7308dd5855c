/**
 * What a store of tasks should do, said a second time and as plainly as possible: objects in maps, no database. Each command changes
 * the model and says what the store must be asked and must answer. Chance (how long a task waits) is taken over from the answer.
 */
import * as assert from 'uvu/assert';
import type { LibraryChange } from '../task-catalogue.ts';
import { longestHistory, type TaskSelection } from '../task-desk.ts';
import type { Lease, LeaseKey, LeaseOutcome, Swept } from '../task-queue.ts';
import { type AfterFailure, isFinished, longestBackoffMs, startsFrom, type TaskState } from '../task-state.ts';
import type { StorePolicy, TaskStore } from '../task-store.ts';
import { termMs, worker } from './conforming-store.ts';
import type { Command } from './random-commands.ts';

export type ModelTask = {
  path: string;
  taskId: number;
  state: TaskState;
  attempts: number;
  epoch: number;
  fingerprint: string;
  sizeBytes: number;
  language: string;
  isOffered: boolean;
  /** NaN until the store has said how long. */
  availableAt: number;
};

export type ModelLease = {
  key: LeaseKey;
  task: ModelTask;
  epoch: number;
  expiresAt: number;
  outcome: LeaseOutcome | undefined;
  sha256: string | undefined;
};

export type Planned = { send: (store: TaskStore) => Promise<unknown>; verify: (answer: unknown) => void };

export class ModelStore {
  now = 1_000_000_000;
  /** The clock was set since the last sweep. */
  hasJumped = false;
  readonly tasks = new Map<string, ModelTask>();
  leases: ModelLease[] = [];
  readonly #policy: StorePolicy;
  /** Name -> whether it was revoked. */
  readonly #credentials = new Map<string, boolean>();
  #grants = 0;

  constructor(policy: StorePolicy) {
    this.#policy = policy;
  }

  plan(command: Command): Planned {
    const { now } = this;
    switch (command.kind) {
      case 'claim':
        return this.#claim(command.credential);
      case 'apply': {
        const applied = command.changes.filter((change) => this.#change(change));
        return expect(applied, (store) => store.apply(command.changes, now));
      }
      case 'sweep':
        return this.#sweep();
      case 'retry': {
        const tasks = this.#selected(command.selection).filter((task) => may('revive', task));
        for (const task of tasks) Object.assign(task, { state: 'pending', attempts: 0 });
        return expect(tasks.length, (store) => store.retry(command.selection, now));
      }
      case 'cancel': {
        const tasks = this.#selected(command.selection).filter((task) => may('cancel', task));
        for (const task of tasks) {
          this.#endLeases(task, 'cancelled');
          task.state = 'dead';
        }
        return expect(tasks.length, (store) => store.cancel(command.selection, now));
      }
      case 'purge': {
        const tasks = this.#selected(command.selection).filter((task) => may('purge', task));
        for (const task of tasks) this.#forget(task);
        return expect(tasks.length, (store) => store.purge(command.selection));
      }
      case 'admit': {
        const { name } = command;
        const isNew = this.#credentials.get(name) !== false;
        this.#credentials.set(name, false);
        const credential = { name, role: 'worker', tokenSha256: `token ${(this.#grants += 1)}` } as const;
        return expect(isNew, (store) => store.addCredential(credential, now));
      }
      case 'revoke':
        return this.#revoke(command.name);
      case 'renew':
      case 'release':
      case 'fail':
      case 'complete':
        return this.#ofLease(command);
    }
    return command satisfies never;
  }

  #claim(credential: string | undefined): Planned {
    const { now } = this;
    this.#grants += 1;
    const key = { leaseId: `lease ${this.#grants}`, credential };
    const send: Planned['send'] = (store) =>
      store.claim({ leaseId: key.leaseId, worker: { ...worker, credential }, termMs }, now);
    const isRevoked = credential !== undefined && this.#credentials.get(credential) === true;
    const task = isRevoked ? undefined : this.#next();
    if (task === undefined) return expect(undefined, send);
    task.state = 'leased';
    task.epoch += 1;
    const { epoch } = task;
    this.leases.push({ key, task, epoch, expiresAt: now + termMs, outcome: undefined, sha256: undefined });
    this.leases = this.leases.filter(
      (lease) =>
        lease.task !== task ||
        lease.epoch > epoch - longestHistory ||
        lease.outcome === undefined ||
        ['delivered', 'expired'].includes(lease.outcome),
    );
    const expected = [key.leaseId, credential, task.path, epoch, task.fingerprint, task.language];
    return {
      send,
      verify(answer) {
        const lease = answer as Lease | undefined;
        const { leaseId, path, fingerprint, language } = lease ?? {};
        assert.equal([leaseId, lease?.credential, path, lease?.epoch, fingerprint, language], expected);
      },
    };
  }

  #next(): ModelTask | undefined {
    const { order } = this.#policy;
    return [...this.tasks.values()]
      .filter((task) => may('grant', task) && task.isOffered)
      .toSorted((one, other) => {
        if (order === 'newest') return other.taskId - one.taskId;
        return (order === 'shortest' ? one.sizeBytes - other.sizeBytes : 0) || one.taskId - other.taskId;
      })[0];
  }

  #ofLease(command: Extract<Command, { lease: number }>): Planned {
    const { now } = this;
    const lease = this.leases[command.lease % this.leases.length];
    const key = { leaseId: lease?.key.leaseId ?? 'nobody', credential: command.credential ?? lease?.key.credential };
    const own = lease?.key.credential;
    const isKnown =
      lease !== undefined && (own === undefined || key.credential === undefined || own === key.credential);
    const live = isKnown && lease.outcome === undefined ? lease : undefined;
    switch (command.kind) {
      case 'renew':
        if (live !== undefined) live.expiresAt = now + termMs;
        return expect(live !== undefined, (store) => store.renew(key, now));
      case 'release':
        if (live !== undefined) {
          live.outcome = command.outcome;
          if (may('release', live.task)) live.task.state = 'pending';
        }
        return expect(live !== undefined, (store) =>
          store.release(key, { outcome: command.outcome, reason: 'r' }, now),
        );
      case 'fail': {
        const send: Planned['send'] = (store) => store.fail(key, 'broken', now);
        if (live === undefined) return expect(undefined, send);
        live.outcome = 'failed';
        return { send, verify: this.#attempt(live.task) as Planned['verify'] };
      }
      case 'complete': {
        const isAccepted = isKnown && lease.outcome !== 'delivered' && may('complete', lease.task);
        if (isAccepted) {
          lease.task.state = command.state;
          lease.outcome = undefined;
          this.#endLeases(lease.task, 'superseded');
          Object.assign(lease, { outcome: 'delivered', sha256: command.sha256 });
        }
        const { state, sha256 } = command;
        return expect(isAccepted, (store) => store.complete(key, { state, sha256 }, now));
      }
    }
    return command satisfies never;
  }

  /** A failed attempt. @returns what verifies how long the task waits, and takes that over. */
  #attempt(task: ModelTask): (next: AfterFailure | undefined) => void {
    const { now } = this;
    task.attempts += 1;
    const state = task.attempts >= this.#policy.maxAttempts ? 'dead' : 'waiting';
    Object.assign(task, { state, availableAt: Number.NaN });
    return (next) => {
      assert.is(next?.state, state);
      if (next?.state !== 'waiting') return;
      assert.ok(next.availableAt >= now + 15_000 && next.availableAt <= now + longestBackoffMs);
      // Unless it was tried again meanwhile.
      if (Number.isNaN(task.availableAt)) task.availableAt = next.availableAt;
    };
  }

  #sweep(): Planned {
    const { now, hasJumped } = this;
    this.hasJumped = false;
    const live = this.leases.filter((lease) => lease.outcome === undefined);
    if (hasJumped) {
      for (const lease of live) lease.expiresAt = now + termMs;
      for (const task of this.tasks.values()) task.availableAt = Math.min(task.availableAt, now + longestBackoffMs);
    }
    const expired = live.filter((lease) => lease.expiresAt <= now);
    const verifiers = new Map(
      expired.map((lease) => {
        lease.outcome = 'expired';
        return [lease.key.leaseId, this.#attempt(lease.task)];
      }),
    );
    const woken = [...this.tasks.values()].filter((task) => may('wake', task) && task.availableAt <= now);
    for (const task of woken) task.state = 'pending';
    const expected = { woken: woken.length, refreshed: hasJumped ? live.length : 0, isChangedFromOutside: false };
    return {
      send: (store) => store.sweep(now, hasJumped),
      verify(answer) {
        const { expired: found, ...rest } = answer as Swept;
        assert.equal(rest, expected);
        assert.equal(found.map(({ lease }) => lease.leaseId).toSorted(), [...verifiers.keys()].toSorted());
        for (const { lease, next } of found) verifiers.get(lease.leaseId)?.(next);
      },
    };
  }

  #revoke(name: string): Planned {
    const isThere = this.#credentials.has(name);
    if (isThere) this.#credentials.set(name, true);
    const lost = isThere
      ? this.leases.filter((lease) => lease.outcome === undefined && lease.key.credential === name)
      : [];
    for (const lease of lost) {
      lease.outcome = 'revoked';
      lease.task.state = 'pending';
    }
    const { now } = this;
    return expect(isThere ? lost.length : undefined, (store) => store.revokeCredential(name, now));
  }

  /** @returns whether it took effect. */
  #change(change: LibraryChange): boolean {
    const task = this.tasks.get(change.path);
    if (change.kind === 'add') {
      if (task !== undefined) return false;
      const { path, fingerprint, sizeBytes, language } = change;
      const fresh = { attempts: 0, epoch: 0, isOffered: true, state: 'pending', availableAt: Number.NaN } as const;
      this.tasks.set(path, { ...fresh, taskId: (this.#grants += 1), path, fingerprint, sizeBytes, language });
      return true;
    }
    if (task === undefined) return false;
    if (change.kind === 'digest') return task.fingerprint === change.fingerprint;
    if (!may(change.kind, task)) return false;
    if (change.kind === 'remove') this.#forget(task);
    if (change.kind === 'find') task.state = 'done';
    if (change.kind === 'language') task.language = change.language;
    if (change.kind === 'offer') Object.assign(task, { isOffered: true, language: change.language });
    if (change.kind === 'withhold') {
      if (!task.isOffered) return false;
      task.isOffered = false;
    }
    if (change.kind === 'replace' || change.kind === 'reopen') {
      const { fingerprint, sizeBytes, language } = change;
      if (change.kind === 'replace' && fingerprint === task.fingerprint) return false;
      Object.assign(task, { state: 'pending', isOffered: true, attempts: 0, fingerprint, sizeBytes, language });
    }
    return true;
  }

  #endLeases(task: ModelTask, outcome: LeaseOutcome): void {
    for (const lease of this.leases) if (lease.task === task && lease.outcome === undefined) lease.outcome = outcome;
  }

  #forget(task: ModelTask): void {
    this.tasks.delete(task.path);
    this.leases = this.leases.filter((lease) => lease.task !== task);
  }

  #selected({ pathPart, states }: TaskSelection): ModelTask[] {
    return [...this.tasks.values()].filter(
      (task) =>
        (pathPart === undefined || task.path.toLowerCase().includes(pathPart.toLowerCase())) &&
        (states === undefined || states.includes(task.state)),
    );
  }

  openTasks(): number {
    return [...this.tasks.values()].filter(({ state }) => !isFinished(state) && state !== 'dead').length;
  }
}

/** Whether the table of transitions has it. */
function may(transition: keyof typeof startsFrom, { state }: ModelTask): boolean {
  return (startsFrom[transition] as readonly TaskState[]).includes(state);
}

/** Cloned, because only some stores give back the very objects that they were given. */
function expect(expected: unknown, send: Planned['send']): Planned {
  return { send, verify: (answer) => assert.equal(structuredClone(answer), structuredClone(expected)) };
}
