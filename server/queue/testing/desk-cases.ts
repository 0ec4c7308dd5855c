/** What every store promises a person: to see, retry, cancel and purge tasks; and to let nobody in whose token was revoked. */
import * as assert from 'uvu/assert';
import { longestBackoffMs } from '../task-state.ts';
import { bench, type Cases, done, keyOf, type OpenConforming, termMs, worker } from './conforming-store.ts';

const all = { after: 0, limit: 100 };

export function deskCases(run: Cases, open: OpenConforming): void {
  run('lists by state, part of the path, time and id, page by page', async () => {
    await using at = await bench(open, ['Ärger/Über.mp3', 'b.mp3', 'c.mp3', 'd.mp3']);
    await at.store().complete(keyOf(await at.claim(5000)), done(), 5000);
    await at.store().fail(keyOf(await at.claim(7000)), 'broken', 7000);
    const paths = async (...given: Parameters<ReturnType<typeof at.store>['list']>) =>
      (await at.store().list(...given)).map(({ path }) => path);
    assert.equal(await paths({}, { after: 0, limit: 3 }), ['Ärger/Über.mp3', 'b.mp3', 'c.mp3']);
    const third = await at.idOf('c.mp3');
    assert.equal(await paths({}, { after: third, limit: 3 }), ['d.mp3']);
    assert.equal(await paths({ states: ['waiting', 'done'] }, all), ['Ärger/Über.mp3', 'b.mp3']);
    assert.equal(await paths({ states: [] }, all), []);
    assert.equal(await paths({ pathPart: 'ärger/ü' }, all), ['Ärger/Über.mp3']);
    assert.equal(await paths({ pathPart: 'U\u0308BER' }, all), ['Ärger/Über.mp3'], 'however the accent is written');
    assert.equal(await paths({ pathPart: 'B.MP' }, all), ['b.mp3']);
    assert.equal(await paths({ pathPart: 'r/' }, all), ['Ärger/Über.mp3']);
    assert.equal(await paths({ pathPart: '%' }, all), []);
    assert.equal(await paths({ changedBefore: 5000 }, all), ['c.mp3', 'd.mp3']);
    assert.equal(await paths({ taskIds: [third, 999], states: ['pending'] }, all), ['c.mp3']);
    assert.is(await at.store().count({ states: ['pending'] }), 2);
    assert.is(await at.store().count({ pathPart: "'; DROP TABLE tasks; --" }), 0);
  });

  run('shows what happened to a task', async () => {
    await using at = await bench(open, ['a.mp3']);
    const { taskId } = await at.claim(5);
    const next = await at.store().fail({ leaseId: 'lease 1', credential: undefined }, 'broken', 9);
    if (next?.state !== 'waiting') throw new Error('it waits');
    assert.equal(await at.store().show(taskId), {
      taskId,
      path: 'a.mp3',
      state: 'waiting',
      language: 'en',
      sizeBytes: 10,
      attempts: 1,
      epoch: 1,
      reason: 'broken',
      isOffered: true,
      createdAt: 0,
      changedAt: 9,
      availableAt: next.availableAt,
      leases: [{ epoch: 1, worker: 'w', ip: '::1', grantedAt: 5, endedAt: 9, outcome: 'failed', reason: 'broken' }],
    });
    assert.is(await at.store().show(999), undefined);
  });

  run('tries dead and waiting tasks again, with no attempt counted, and nothing else', async () => {
    await using at = await bench(open, ['dead.mp3', 'leased.mp3', 'done.mp3', 'open.mp3'], { maxAttempts: 1 });
    await at.store().fail(keyOf(await at.claim(0)), 'broken', 0);
    await at.claim(0);
    await at.store().complete(keyOf(await at.claim(0)), done(), 0);
    assert.is(await at.store().retry({}, 10), 1);
    const task = await at.store().show(await at.idOf('dead.mp3'));
    assert.equal(
      [task?.state, task?.attempts, task?.epoch, task?.reason, task?.changedAt],
      ['pending', 0, 1, undefined, 10],
    );
    assert.is((await at.claim(10)).path, 'dead.mp3');
    assert.equal([await at.stateOf('leased.mp3'), await at.stateOf('done.mp3')], ['leased', 'done']);
  });

  run('cancels a task together with its lease, keeps others, and takes its transcript if it still comes', async () => {
    await using at = await bench(open, ['a.mp3', 'b.mp3', 'c.mp3']);
    const a = await at.claim(0);
    const b = keyOf(await at.claim(0));
    assert.is(await at.store().cancel({ taskIds: [a.taskId] }, 5), 1);
    assert.is(await at.store().renew(keyOf(a), 5), false);
    assert.equal([(await at.store().find(a))?.outcome, await at.stateOf('a.mp3')], ['cancelled', 'dead']);
    assert.is(await at.store().renew(b, 5), true);
    assert.is(await at.store().cancel({ taskIds: [a.taskId] }, 5), 0);
    assert.is((await at.store().figures()).liveLeases, 1);
    assert.is(await at.store().complete(keyOf(a), done(), 6), true);
    assert.is(await at.store().cancel({}, 7), 2);
    assert.is(await at.ask(7), undefined);
  });

  run('purges what is over, with its leases, and nothing that is open', async () => {
    await using at = await bench(open, ['a.mp3', 'b.mp3', 'c.mp3']);
    const a = await at.claim(0);
    await at.store().complete(keyOf(a), done(), 0);
    await at.claim(0);
    assert.is(await at.store().purge({}), 1);
    assert.is(await at.store().find(a), undefined);
    assert.is(await at.store().show(a.taskId), undefined);
    assert.is(await at.store().count({}), 2);
    // The id of a task is never given to another one.
    await at.apply(0, { kind: 'add', path: 'a.mp3', fingerprint: 'f1', sizeBytes: 1, language: 'en' });
    assert.ok((await at.idOf('a.mp3')) > a.taskId);
  });

  run('has figures that are right after everything', async () => {
    await using at = await bench(open, ['a.mp3', 'b.mp3', 'c.mp3']);
    await at.apply(40, { kind: 'add', path: 'd.mp3', fingerprint: 'f', sizeBytes: 1, language: 'en' });
    const none = { pending: 0, leased: 0, waiting: 0, done: 0, no_speech: 0, dead: 0 };
    await at.store().complete(keyOf(await at.claim(50)), { state: 'no_speech', sha256: 'x' }, 50);
    await at.claim(50);
    await at.store().fail(keyOf(await at.claim(50)), 'broken', 50);
    assert.equal(await at.store().figures(), {
      tasks: { ...none, pending: 1, leased: 1, waiting: 1, no_speech: 1 },
      liveLeases: 1,
      oldestPendingAt: 40,
    });
    await at.store().cancel({}, 60);
    await at.store().purge({});
    assert.equal(await at.store().figures(), { tasks: none, liveLeases: 0, oldestPendingAt: undefined });
  });

  run('tells the next sweep, once, that somebody else changed the tasks', async () => {
    await using at = await bench(open, ['a.mp3']);
    const told = async () => (await at.store().sweep(0, false)).isChangedFromOutside;
    assert.is(await told(), false);
    await at.claim(0);
    assert.is(await told(), false);
    at.elsewhere.cancel({}, 0);
    assert.equal([await told(), await told()], [true, false]);
  });

  run('lets a token in until it is revoked, and gives its name free then', async () => {
    await using at = await bench(open, []);
    const store = at.store();
    assert.is(await store.hasCredentials(), false);
    const berta = { name: 'berta', role: 'worker', tokenSha256: 'aa' } as const;
    assert.is(await store.addCredential(berta, 1), true);
    assert.is(await store.addCredential({ ...berta, tokenSha256: 'bb' }, 2), false);
    assert.equal(await store.credentialOf('aa'), berta);
    assert.is(await store.credentialOf('bb'), undefined);
    assert.is(await store.revokeCredential('nobody', 3), undefined);
    assert.is(await store.revokeCredential('berta', 3), 0);
    assert.is(await store.credentialOf('aa'), undefined);
    assert.is(await store.hasCredentials(), true);
    const listed = { name: 'berta', role: 'worker', createdAt: 1, revokedAt: 3, lastGrantAt: undefined };
    assert.equal(await store.listCredentials(), [listed]);
    assert.is(await store.addCredential({ ...berta, role: 'admin', tokenSha256: 'cc' }, 4), true);
    assert.is(await store.credentialOf('aa'), undefined);
    assert.is((await store.credentialOf('cc'))?.role, 'admin');
  });

  run('takes the tasks of a revoked credential back at once, uncounted, and grants it nothing more', async () => {
    await using at = await bench(open, ['a.mp3', 'b.mp3', 'c.mp3'], { maxAttempts: 1 });
    await at.store().addCredential({ name: 'berta', role: 'worker', tokenSha256: 'aa' }, 0);
    const mine = await at.claim(5, 'berta');
    const other = await at.claim(5, 'anton');
    assert.is((await at.store().listCredentials())[0]?.lastGrantAt, 5);
    assert.is(await at.store().revokeCredential('berta', 6), 1);
    assert.equal([(await at.store().find(mine))?.outcome, await at.stateOf('a.mp3')], ['revoked', 'pending']);
    assert.is(await at.store().renew(other, 6), true);
    assert.is(await at.ask(6, 'berta'), undefined);
    const again = await at.claim(6, 'anton');
    assert.equal([again.path, again.epoch], ['a.mp3', 2]);
    assert.is((await at.store().show(again.taskId))?.attempts, 0);
  });

  run('answers nothing before others can see it', async () => {
    await using at = await bench(open, ['a.mp3', 'b.mp3']);
    const { taskId, ...lease } = await at.claim(0);
    assert.is(at.elsewhere.show(taskId)?.state, 'leased');
    await at.store().complete(lease, done(), 0);
    assert.is(at.elsewhere.show(taskId)?.state, 'done');
  });

  run('commits calls that are made together, and lets a bad one hurt nobody but itself', async () => {
    await using at = await bench(open, ['a.mp3', 'b.mp3', 'c.mp3']);
    const claim = (leaseId: string) => at.store().claim({ leaseId, worker, termMs }, 0);
    // The second one has the id of the first one, which must be fresh.
    const settled = await Promise.allSettled([claim('one'), claim('one'), claim('two')]);
    assert.equal(
      settled.map((each) => (each.status === 'fulfilled' ? each.value?.path : 'refused')),
      ['a.mp3', 'refused', 'b.mp3'],
    );
    assert.equal((await at.store().figures()).tasks.pending, 1);
    assert.is((await at.store().show(await at.idOf('b.mp3')))?.epoch, 1);
    assert.is(at.elsewhere.count({ states: ['leased'] }), 2);
  });

  run('waits for no longer than it may after an hour of waiting', async () => {
    await using at = await bench(open, ['a.mp3'], { maxAttempts: 50 });
    let now = 0;
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      const next = await at.store().fail(keyOf(await at.claim(now)), 'broken', now);
      if (next?.state !== 'waiting') throw new Error('it waits');
      assert.ok(next.availableAt > now && next.availableAt <= now + longestBackoffMs);
      now = next.availableAt;
      assert.is((await at.store().sweep(now, false)).woken, 1);
    }
  });
}
