import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../../src/app-error.ts';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { Caller } from '../threads/calls.ts';
import { openStore, type OpenStore } from './open-store.ts';
import { openStoreDirectly } from './sqlite/open-store-directly.ts';
import { isStoreTrouble } from './sqlite/store-trouble.ts';
import type { TaskStoreVerbs } from './task-store.ts';
import { added, done, termMs, worker } from './testing/conforming-store.ts';

const run = suite('openStore');

async function portTo(at: OpenStore): Promise<MessagePort> {
  const { port1, port2 } = new MessageChannel();
  await at.connect(port2);
  return port1;
}

const policy = { maxAttempts: 5, order: 'oldest' } as const;
const onFailure = (error: Error): void => {
  throw error;
};

async function open() {
  const folder = await temporaryFolder();
  const opened = await openStore({ file: folder.join('tasks.sqlite'), policy, onFailure });
  const names = Array.from({ length: 300 }, (_, index) => `${index}.mp3`);
  await opened.store.apply(
    names.map((name) => added(name)),
    0,
  );
  return {
    ...opened,
    claim: (leaseId: string) => opened.store.claim({ leaseId, worker, termMs }, 0),
    async [Symbol.asyncDispose]() {
      await opened.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

run('says as an error for people why it cannot open the database', async () => {
  await using folder = await temporaryFolder();
  const { file, close } = openStoreDirectly(folder.join('tasks.sqlite'), policy);
  close();
  const newer = new DatabaseSync(file);
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  const error = await rejects(openStore({ file, policy, onFailure }), /newer version of stt/u);
  assert.instance(error, AppError);
  assert.equal([error['exitCode'], error['code']], [78, 'STT_DATABASE']);
  assert.match(String(error['hint']), /Update stt/u);
});

run('lets one server at a time have the database, and commands beside it', async () => {
  await using at = await open();
  const error = await rejects(openStore({ file: at.file, policy, onFailure }), /Another server uses/u);
  assert.equal([error['exitCode'], error['code']], [78, 'STT_DATABASE']);
  openStoreDirectly(at.file, policy).close();
  assert.ok(await at.claim('x'));
  await at.close();
  await (await openStore({ file: at.file, policy, onFailure })).close();
});

run('tells where the tasks are when the file belongs to another program', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('processed.db');
  await writeFile(file, 'talk.mp3\n');
  const opened = await openStore({ file, policy, onFailure });
  assert.equal([opened.file, opened.foreignFile], [`${file}.stt.sqlite`, file]);
  await opened.close();
});

run('commits once for all that was asked at the same time', async () => {
  await using at = await open();
  const before = await at.groups();
  const leases = await Promise.all(Array.from({ length: 100 }, (_, index) => at.claim(`lease ${index}`)));
  const keys = leases.map((lease) => ({ leaseId: lease?.leaseId ?? '', credential: undefined }));
  await Promise.all(keys.map((key) => at.store.complete(key, done(), 0)));
  const after = await at.groups();
  assert.is(new Set(leases.map((lease) => lease?.path)).size, 100);
  assert.is(after.commits - before.commits, 2);
});

run('answers several threads, each by a port of its own, in common groups', async () => {
  await using at = await open();
  const other = new Caller<TaskStoreVerbs>(await portTo(at));
  const leases = await Promise.all([at.claim('one'), other.verbs.claim({ leaseId: 'two', worker, termMs }, 0)]);
  assert.is(new Set(leases.map((lease) => lease?.path)).size, 2);
  assert.equal((await other.verbs.figures()).tasks.leased, 2);
  other.close();
  assert.is((await at.store.figures()).liveLeases, 2);
});

run('answers what was asked before it was closed, and rejects what comes later', async () => {
  const at = await open();
  const other = new Caller<TaskStoreVerbs>(await portTo(at));
  const asked = [at.claim('one'), at.claim('two'), other.verbs.claim({ leaseId: 'three', worker, termMs }, 0)];
  const { file } = at;
  await Promise.all([...asked, at.close(), at.close()]);
  await rejects(at.claim('four'), /closed|ended/u);
  await rejects(other.verbs.figures(), /closed|ended/u);
  const again = openStoreDirectly(file, policy);
  assert.is(again.store.figures().tasks.leased, 3);
  again.close();
  await at[Symbol.asyncDispose]();
});

run('says of a lock that others hold that it may pass, and goes on afterwards', async () => {
  await using at = await open();
  const rival = new DatabaseSync(at.file);
  rival.exec('BEGIN IMMEDIATE');
  const together = await Promise.allSettled([at.claim('one'), at.claim('two'), at.store.figures()]);
  assert.equal(
    together.map((each) => (each.status === 'rejected' ? isStoreTrouble(each.reason) : 'answered')),
    [true, true, 'answered'],
  );
  rival.close();
  assert.is((await at.claim('three'))?.path, '0.mp3');
});

run('knows no verb that is not one of the store', async () => {
  await using at = await open();
  const caller = new Caller<{ toString(): string; drop(): void }>(await portTo(at));
  await rejects(caller.verbs.drop(), /no verb drop/u);
  await rejects(caller.call('constructor', []), /no verb constructor/u);
  caller.close();
});

run.run();
