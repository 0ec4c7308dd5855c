/** What every store promises of leases: one at a time, fenced by their own id, and none forgotten or brought back. */
import * as assert from 'uvu/assert';
import { longestBackoffMs } from '../task-state.ts';
import { bench, type Cases, done, keyOf, type OpenConforming, released, worker, termMs } from './conforming-store.ts';

export function leaseCases(run: Cases, open: OpenConforming): void {
  run('grants the oldest task first, and a task that came back before newer ones', async () => {
    await using at = await bench(open, ['b.mp3', 'a.mp3', 'c.mp3']);
    const first = await at.claim(0);
    assert.is(first.path, 'b.mp3');
    assert.is(await at.store().release(keyOf(first), released, 0), true);
    assert.equal([(await at.claim(0)).path, (await at.claim(0)).path], ['b.mp3', 'a.mp3']);
  });

  run('grants in the order that was chosen', async () => {
    const sizes = { 'b.mp3': 30, 'a.mp3': 10, 'c.mp3': 20 };
    for (const [order, expected] of [
      ['newest', ['c.mp3', 'a.mp3', 'b.mp3']],
      ['shortest', ['a.mp3', 'c.mp3', 'b.mp3']],
    ] as const) {
      await using at = await bench(open, [], { order });
      for (const [path, sizeBytes] of Object.entries(sizes)) {
        await at.apply(0, { kind: 'add', path, sizeBytes, fingerprint: 'f', language: 'en' });
      }
      const paths: string[] = [];
      for (const _ of expected) paths.push((await at.claim(0)).path);
      assert.equal(paths, expected);
    }
  });

  run('tells of another recording with the same stem that a worker has already', async () => {
    const paths = ['d/a.mp3', 'd/a.wav', 'd/a.b.mp3', 'd/ab.mp3', 'a.mp3', 'd/a', '.mp3', '.wav'];
    await using at = await bench(open, paths);
    const rivals: (string | undefined)[] = [];
    for (const _ of paths) rivals.push((await at.claim(0)).rival);
    assert.equal(rivals, [undefined, 'd/a.mp3', ...paths.slice(3).map(() => undefined), '.mp3']);
    const [first] = await at.store().list({ pathPart: 'd/a.mp3' }, { after: 0, limit: 1 });
    await at.store().cancel({ taskIds: [first?.taskId ?? 0] }, 0);
    const second = { leaseId: 'lease 2', credential: undefined };
    await at.store().release(second, released, 0);
    assert.is((await at.claim(0)).rival, undefined, 'it lives no more');
  });

  run('tells all of a lease that its worker may want to know', async () => {
    await using at = await bench(open, ['deep/a.mp3']);
    const lease = await at.claim(7, 'berta');
    assert.equal(lease, {
      leaseId: 'lease 1',
      credential: 'berta',
      worker: { ...worker, credential: 'berta' },
      taskId: await at.idOf('deep/a.mp3'),
      path: 'deep/a.mp3',
      language: 'en',
      fingerprint: 'f1',
      recordingSha256: undefined,
      epoch: 1,
      termMs,
      grantedAt: 7,
      outcome: undefined,
      transcriptSha256: undefined,
      taskState: 'leased',
    });
    assert.equal(await at.store().find(lease), lease);
  });

  run('counts the epoch of a task through everything that happens to it', async () => {
    await using at = await bench(open, ['a.mp3']);
    await at.store().release(keyOf(await at.claim(0)), released, 0);
    await at.store().fail(keyOf(await at.claim(0)), 'broken', 0);
    await at.store().sweep(30_000, false);
    const third = await at.claim(30_000);
    await at.store().complete(keyOf(third), done(), 30_000);
    await at.apply(30_000, { kind: 'reopen', path: 'a.mp3', fingerprint: 'f2', sizeBytes: 9, language: 'de' });
    const fourth = await at.claim(30_000);
    assert.equal([fourth.epoch, fourth.fingerprint, fourth.language], [4, 'f2', 'de']);
  });

  run('has epoch 11 after ten leases ran out, also over restarts, and never starts anew', async () => {
    await using at = await bench(open, ['a.mp3'], { maxAttempts: 100 });
    let now = 0;
    for (let epoch = 1; epoch <= 10; epoch += 1) {
      assert.is((await at.claim(now)).epoch, epoch);
      now += termMs;
      assert.is((await at.store().sweep(now, false)).expired.length, 1);
      if (epoch % 3 === 0) await at.restart();
      now += longestBackoffMs;
      assert.is((await at.store().sweep(now, false)).woken, 1);
    }
    assert.is((await at.claim(now)).epoch, 11);
  });

  run('counts a lease that ran out as an attempt', async () => {
    await using at = await bench(open, ['a.mp3'], { maxAttempts: 2 });
    await at.claim(0);
    await at.store().sweep(termMs, false);
    await at.store().sweep(longestBackoffMs * 2, false);
    const second = await at.claim(longestBackoffMs * 2);
    const { expired } = await at.store().sweep(longestBackoffMs * 2 + termMs, false);
    assert.equal(
      expired.map(({ lease, next }) => [lease.leaseId, lease.outcome, next.state]),
      [[second.leaseId, 'expired', 'dead']],
    );
    assert.is(await at.stateOf('a.mp3'), 'dead');
    assert.is(await at.ask(longestBackoffMs * 9), undefined);
  });

  run('ends a lease when its term is over, not before, and keeps it as history', async () => {
    await using at = await bench(open, ['a.mp3']);
    const key = keyOf(await at.claim(0));
    assert.is(await at.store().renew(key, 500), true);
    assert.equal((await at.store().sweep(1499, false)).expired, []);
    const [ran] = (await at.store().sweep(1500, false)).expired;
    if (ran?.next.state !== 'waiting') throw new Error('it waits');
    const { availableAt } = ran.next;
    assert.ok(availableAt >= 16_500 && availableAt <= 31_500, String(availableAt));
    assert.is(await at.store().renew(key, 1500), false);
    assert.is((await at.store().find(key))?.outcome, 'expired');
    assert.is((await at.store().sweep(availableAt - 1, false)).woken, 0);
    assert.is((await at.store().sweep(availableAt, false)).woken, 1);
  });

  run('lets no late message of a lost lease touch the lease that came after it', async () => {
    await using at = await bench(open, ['a.mp3']);
    const old = keyOf(await at.claim(0));
    await at.store().release(old, released, 0);
    const rival = keyOf(await at.claim(0));
    assert.is(await at.store().renew(old, 900), false);
    assert.is(await at.store().release(old, released, 900), false);
    assert.is(await at.store().fail(old, 'broken', 900), undefined);
    assert.is((await at.store().find(rival))?.outcome, undefined);
    assert.is(await at.stateOf('a.mp3'), 'leased');
    assert.is((await at.store().sweep(999, false)).expired.length, 0);
    assert.is((await at.store().sweep(1000, false)).expired.length, 1);
  });

  run('keeps a late transcript while its task is open, and ends the lease that has it now', async () => {
    await using at = await bench(open, ['a.mp3']);
    const old = keyOf(await at.claim(0));
    await at.store().sweep(1000, false);
    await at.store().sweep(1_000_000, false);
    const rival = keyOf(await at.claim(1_000_000));
    assert.is(await at.store().complete(old, done('late'), 1_000_000), true);
    assert.is((await at.store().find(rival))?.outcome, 'superseded');
    assert.equal((await at.store().find(old))?.transcriptSha256, 'late');
    assert.is(await at.store().complete(rival, done('other'), 1_000_000), false);
    assert.is((await at.store().find(rival))?.transcriptSha256, undefined);
    assert.is(await at.stateOf('a.mp3'), 'done');
  });

  run('accepts a transcript once, also after a restart, and each lease delivers once', async () => {
    await using at = await bench(open, ['a.mp3']);
    const key = keyOf(await at.claim(0));
    assert.is(await at.store().complete(key, { state: 'no_speech', sha256: 'one' }, 0), true);
    await at.restart();
    assert.is(await at.store().complete(key, done('two'), 0), false);
    const lease = await at.store().find(key);
    assert.equal([lease?.transcriptSha256, lease?.outcome, lease?.taskState], ['one', 'delivered', 'no_speech']);
    await at.apply(0, { kind: 'reopen', path: 'a.mp3', fingerprint: 'f1', sizeBytes: 10, language: 'en' });
    assert.is(await at.store().complete(key, done('two'), 0), false);
    assert.is(await at.stateOf('a.mp3'), 'pending');
  });

  run('revives a dead task when its transcript arrives late', async () => {
    await using at = await bench(open, ['b.mp3'], { maxAttempts: 1 });
    const lease = keyOf(await at.claim(0));
    assert.equal(await at.store().fail(lease, 'broken', 0), { state: 'dead' });
    assert.is(await at.store().complete(lease, done(), 0), true);
    assert.is(await at.stateOf('b.mp3'), 'done');
  });

  run('does not know the lease of another credential', async () => {
    await using at = await bench(open, ['a.mp3']);
    const lease = await at.claim(0, 'berta');
    const stranger = keyOf(lease, 'anton');
    assert.is(await at.store().find(stranger), undefined);
    assert.is(await at.store().renew(stranger, 500), false);
    assert.is(await at.store().release(stranger, released, 0), false);
    assert.is(await at.store().fail(stranger, 'broken', 0), undefined);
    assert.is(await at.store().complete(stranger, done(), 0), false);
    assert.is((await at.store().sweep(1000, false)).expired.length, 1);
    assert.is((await at.store().find(keyOf(lease, 'berta')))?.credential, 'berta');
    // Where authentication was turned off meanwhile.
    assert.is((await at.store().find(keyOf(lease)))?.credential, 'berta');
  });

  run('knows no lease that was never granted', async () => {
    await using at = await bench(open, ['a.mp3']);
    const nobody = { leaseId: 'nobody', credential: undefined };
    assert.is(await at.store().find(nobody), undefined);
    assert.is(await at.store().renew(nobody, 0), false);
    assert.is(await at.store().complete(nobody, done(), 0), false);
    assert.is(await at.stateOf('a.mp3'), 'pending');
  });

  run('gives every live lease a whole term from now, also where it was granted by a clock that was ahead', async () => {
    await using at = await bench(open, ['late.mp3', 'ahead.mp3']);
    await at.claim(0);
    await at.claim(1_000_000);
    await at.restart();
    assert.is((await at.store().sweep(5000, true)).refreshed, 2);
    assert.is((await at.store().sweep(5999, false)).expired.length, 0);
    assert.is((await at.store().sweep(6000, false)).expired.length, 2);
  });

  run('lets no lease run out in the sweep that found the clock ahead by a day', async () => {
    await using at = await bench(open, ['a.mp3']);
    const key = keyOf(await at.claim(0));
    assert.equal((await at.store().sweep(86_400_000, true)).expired, []);
    assert.is(await at.store().renew(key, 86_400_500), true);
  });

  run('lets no task wait longer than it may when the clock went back by a day', async () => {
    await using at = await bench(open, ['a.mp3']);
    await at.store().fail(keyOf(await at.claim(86_400_000)), 'broken', 86_400_000);
    assert.is((await at.store().sweep(0, true)).woken, 0);
    assert.is((await at.store().sweep(longestBackoffMs, false)).woken, 1);
  });

  run('remembers the newest twenty leases of a task, and each that delivered', async () => {
    await using at = await bench(open, ['a.mp3']);
    const delivered = keyOf(await at.claim(0));
    await at.store().complete(delivered, done(), 0);
    await at.apply(0, { kind: 'reopen', path: 'a.mp3', fingerprint: 'f1', sizeBytes: 10, language: 'en' });
    for (let grant = 2; grant <= 50; grant += 1) await at.store().release(keyOf(await at.claim(0)), released, 0);
    const last = await at.claim(0);
    const leases = (await at.store().show(last.taskId))?.leases.map(({ epoch }) => epoch);
    assert.equal(leases, [...Array.from({ length: 20 }, (_, index) => 51 - index), 1]);
    assert.is((await at.store().find(delivered))?.transcriptSha256, 'x');
    assert.is(await at.store().find({ leaseId: 'lease 31', credential: undefined }), undefined);
  });

  run('takes the transcript of a lease that ran out, however often the task was handed back since', async () => {
    await using at = await bench(open, ['a.mp3']);
    const late = keyOf(await at.claim(0));
    assert.is((await at.store().sweep(termMs, false)).expired.length, 1);
    const later = longestBackoffMs * 2;
    await at.store().sweep(later, false);
    for (let grant = 2; grant <= 50; grant += 1)
      await at.store().release(keyOf(await at.claim(later)), released, later);
    assert.is(await at.store().complete(late, done(), later), true);
  });
}
