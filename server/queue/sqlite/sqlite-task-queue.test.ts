import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { LibraryChange } from '../task-catalogue.ts';
import type { Lease } from '../task-queue.ts';
import { openDatabase } from './open-database.ts';
import { SqliteTaskCatalogue } from './sqlite-task-catalogue.ts';
import { SqliteTaskQueue } from './sqlite-task-queue.ts';

const run = suite('tasks and leases in SQLite');

const worker = { name: 'w', ip: '::1', protocol: 2 } as const;
const termMs = 1000;

async function open(names: readonly string[], maxAttempts = 5) {
  const folder = await temporaryFolder();
  const { db } = openDatabase(folder.join('tasks.sqlite'));
  const queue = new SqliteTaskQueue(db, { maxAttempts, jitter: () => 1 });
  const catalogue = new SqliteTaskCatalogue(db);
  const added = names.map((path): LibraryChange => ({ kind: 'add', path, fingerprint: 'f1', language: 'en' }));
  await catalogue.apply(added, 0);
  let grants = 0;
  return {
    db,
    queue,
    catalogue,
    async claim(now: number): Promise<Lease> {
      const lease = await queue.claim({ leaseId: `lease ${(grants += 1)}`, worker, termMs }, now);
      if (lease === undefined) throw new Error('no task');
      return lease;
    },
    stateOf: async (name: string) => (await catalogue.tasksIn('')).find((task) => task.name === name)?.state,
    async [Symbol.asyncDispose]() {
      db.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

run('grants the oldest task first, and a task that came back before newer ones', async () => {
  await using store = await open(['b.mp3', 'a.mp3', 'c.mp3']);
  const first = await store.claim(0);
  assert.is(first.path, 'b.mp3');
  await store.queue.release(first.leaseId, undefined, 0);
  assert.equal(
    [await store.claim(0), await store.claim(0)].map((lease) => lease.path),
    ['b.mp3', 'a.mp3'],
  );
});

run('counts the epoch of a task through everything that happens to it', async () => {
  await using store = await open(['a.mp3']);
  await store.queue.release((await store.claim(0)).leaseId, undefined, 0);
  await store.queue.fail((await store.claim(0)).leaseId, 'broken', 0);
  await store.queue.sweep(30_000);
  const third = await store.claim(30_000);
  await store.queue.complete(third.leaseId, { state: 'done', sha256: 'x' }, 30_000);
  await store.catalogue.apply([{ kind: 'reopen', path: 'a.mp3', fingerprint: 'f2', language: 'de' }], 30_000);
  const fourth = await store.claim(30_000);
  assert.equal([fourth.epoch, fourth.fingerprint, fourth.language], [4, 'f2', 'de']);
});

run('lets only one lease of a task live, whatever the code does', async () => {
  await using store = await open(['a.mp3']);
  await store.claim(0);
  store.db.exec(`UPDATE tasks SET state = 'pending'`);
  let refused = '';
  await store.claim(0).catch((error: Error) => (refused = error.message));
  assert.match(refused, 'UNIQUE constraint failed');
  assert.is(await store.stateOf('a.mp3'), 'pending');
});

run('ends a lease when its term is over, not before, and keeps it as history', async () => {
  await using store = await open(['a.mp3']);
  const lease = await store.claim(0);
  await store.queue.renew(lease.leaseId, 500);
  assert.equal((await store.queue.sweep(1499)).expired, []);
  const { expired } = await store.queue.sweep(1500);
  assert.equal(
    expired.map(({ next }) => next),
    [{ state: 'waiting', availableAt: 31_500 }],
  );
  assert.is(await store.queue.renew(lease.leaseId, 1500), false);
  assert.is((await store.queue.find(lease.leaseId))?.outcome, 'expired');
  assert.is((await store.queue.sweep(31_499)).woken, 0);
  assert.is((await store.queue.sweep(31_500)).woken, 1);
});

run('gives every live lease a whole term from now, also where it was granted by a clock that was ahead', async () => {
  await using store = await open(['late.mp3', 'ahead.mp3']);
  await store.claim(0);
  await store.claim(1_000_000);
  await store.queue.refreshTerms(5000);
  assert.is((await store.queue.sweep(5999)).expired.length, 0);
  assert.is((await store.queue.sweep(6000)).expired.length, 2);
});

run('grants no task that is withheld, and keeps its history', async () => {
  await using store = await open(['a.mp3'], 2);
  const lease = await store.claim(0);
  await store.queue.fail(lease.leaseId, 'broken', 0);
  await store.catalogue.apply([{ kind: 'withhold', path: 'a.mp3' }], 0);
  await store.queue.sweep(3_600_000);
  const request = { leaseId: 'x', worker, termMs };
  assert.is(await store.queue.claim(request, 3_600_000), undefined);
  await store.catalogue.apply([{ kind: 'offer', path: 'a.mp3', language: 'de' }], 3_600_000);
  const again = await store.claim(3_600_000);
  assert.equal([again.language, again.epoch], ['de', 2]);
  assert.equal(await store.queue.fail(again.leaseId, 'broken', 3_600_000), { state: 'dead' });
});

run('ignores changes of the library that come too late', async () => {
  await using store = await open(['leased.mp3', 'done.mp3']);
  await store.claim(0);
  const done = await store.claim(0);
  await store.queue.complete(done.leaseId, { state: 'done', sha256: 'x' }, 0);
  const applied = await store.catalogue.apply(
    [
      { kind: 'remove', path: 'leased.mp3' },
      { kind: 'withhold', path: 'leased.mp3' },
      { kind: 'offer', path: 'leased.mp3', language: 'de' },
      { kind: 'language', path: 'leased.mp3', language: 'de' },
      { kind: 'find', path: 'leased.mp3' },
      { kind: 'replace', path: 'leased.mp3', fingerprint: 'f2', language: 'en' },
      { kind: 'remove', path: 'done.mp3' },
      { kind: 'add', path: 'done.mp3', fingerprint: 'f2', language: 'en' },
    ],
    0,
  );
  assert.equal(applied, []);
  assert.equal([await store.stateOf('leased.mp3'), await store.stateOf('done.mp3')], ['leased', 'done']);
});

run('revives a dead task when its recording is replaced or its transcript arrives late', async () => {
  await using store = await open(['a.mp3', 'b.mp3'], 1);
  const a = await store.claim(0);
  const b = await store.claim(0);
  for (const lease of [a, b]) assert.equal(await store.queue.fail(lease.leaseId, 'broken', 0), { state: 'dead' });
  await store.catalogue.apply([{ kind: 'replace', path: 'a.mp3', fingerprint: 'f2', language: 'en' }], 0);
  assert.is((await store.claim(0)).path, 'a.mp3');
  assert.is(await store.queue.complete(b.leaseId, { state: 'done', sha256: 'x' }, 0), true);
  assert.is(await store.stateOf('b.mp3'), 'done');
});

run('forgets the digest of a recording that was replaced', async () => {
  await using store = await open(['a.mp3']);
  const lease = await store.claim(0);
  await store.queue.rememberDigest(lease, 'abc');
  assert.is((await store.queue.find(lease.leaseId))?.recordingSha256, 'abc');
  await store.queue.replaceRecording(lease.leaseId, 'f2', 0);
  assert.is((await store.claim(0)).recordingSha256, undefined);
  await store.queue.rememberDigest(lease, 'abc');
  assert.is((await store.queue.find('lease 2'))?.recordingSha256, undefined);
});

run('does not start anew what the scan started anew already', async () => {
  await using store = await open(['a.mp3']);
  const old = await store.claim(0);
  await store.queue.release(old.leaseId, undefined, 0);
  await store.catalogue.apply([{ kind: 'replace', path: 'a.mp3', fingerprint: 'f2', language: 'en' }], 0);
  await store.queue.fail((await store.claim(0)).leaseId, 'broken', 0);
  await store.queue.replaceRecording(old.leaseId, 'f2', 0);
  assert.is(await store.stateOf('a.mp3'), 'waiting');
});

run('does not take a task from a rival when an old lease finds its recording replaced', async () => {
  await using store = await open(['a.mp3']);
  const old = await store.claim(0);
  await store.queue.release(old.leaseId, undefined, 0);
  const rival = await store.claim(0);
  await store.queue.replaceRecording(old.leaseId, 'f2', 0);
  assert.is((await store.queue.find(rival.leaseId))?.outcome, undefined);
  assert.is(await store.stateOf('a.mp3'), 'leased');
});

run.run();
