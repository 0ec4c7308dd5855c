/** What every store promises the scan: changes of the library take effect where they may, and nowhere else. */
import * as assert from 'uvu/assert';
import { longestBackoffMs } from '../task-state.ts';
import { bench, type Cases, done, keyOf, type OpenConforming, released, replaced } from './conforming-store.ts';

export function catalogueCases(run: Cases, open: OpenConforming): void {
  run('grants no task that is withheld, and keeps its history', async () => {
    await using at = await bench(open, ['a.mp3'], { maxAttempts: 2 });
    await at.store().fail(keyOf(await at.claim(0)), 'broken', 0);
    await at.apply(0, { kind: 'withhold', path: 'a.mp3' });
    const later = longestBackoffMs;
    await at.store().sweep(later, false);
    assert.is(await at.ask(later), undefined);
    assert.equal(await at.store().tasksIn('', '', 9), [
      { name: 'a.mp3', state: 'pending', fingerprint: 'f1', language: 'en', isOffered: false },
    ]);
    await at.apply(later, { kind: 'offer', path: 'a.mp3', language: 'de' });
    const again = await at.claim(later);
    assert.equal([again.language, again.epoch], ['de', 2]);
    assert.equal(await at.store().fail(keyOf(again), 'broken', later), { state: 'dead' });
  });

  run('ignores changes of the library that come too late', async () => {
    await using at = await bench(open, ['leased.mp3', 'done.mp3']);
    await at.claim(0);
    await at.store().complete(keyOf(await at.claim(0)), done(), 0);
    const applied = await at.apply(
      0,
      { kind: 'remove', path: 'leased.mp3' },
      { kind: 'withhold', path: 'leased.mp3' },
      { kind: 'offer', path: 'leased.mp3', language: 'de' },
      { kind: 'language', path: 'leased.mp3', language: 'de' },
      { kind: 'find', path: 'leased.mp3' },
      replaced('leased.mp3', 'f2'),
      { kind: 'reopen', path: 'leased.mp3', fingerprint: 'f2', sizeBytes: 1, language: 'en' },
      { kind: 'remove', path: 'done.mp3' },
      { kind: 'add', path: 'done.mp3', fingerprint: 'f2', sizeBytes: 1, language: 'en' },
      { kind: 'find', path: 'nobody.mp3' },
    );
    assert.equal(applied, []);
    assert.equal([await at.stateOf('leased.mp3'), await at.stateOf('done.mp3')], ['leased', 'done']);
  });

  run('says which changes took effect', async () => {
    await using at = await bench(open, ['a.mp3']);
    const find = { kind: 'find', path: 'a.mp3' } as const;
    assert.equal(await at.apply(0, { kind: 'language', path: 'b.mp3', language: 'de' }, find, find), [find]);
    assert.equal(await at.apply(0), []);
  });

  run('revives a dead task when its recording is replaced', async () => {
    await using at = await bench(open, ['a.mp3'], { maxAttempts: 1 });
    assert.equal(await at.store().fail(keyOf(await at.claim(0)), 'broken', 0), { state: 'dead' });
    await at.apply(0, replaced('a.mp3', 'f2'));
    const lease = await at.claim(0);
    assert.equal([lease.path, lease.fingerprint], ['a.mp3', 'f2']);
    assert.is((await at.store().show(lease.taskId))?.sizeBytes, 20);
  });

  run('does not start anew what was started anew already', async () => {
    await using at = await bench(open, ['a.mp3']);
    await at.apply(0, replaced('a.mp3', 'f2'));
    await at.store().fail(keyOf(await at.claim(0)), 'broken', 0);
    assert.equal(await at.apply(0, replaced('a.mp3', 'f2')), []);
    assert.is(await at.stateOf('a.mp3'), 'waiting');
  });

  run('does not take a task from a rival when an old lease finds its recording replaced', async () => {
    await using at = await bench(open, ['a.mp3']);
    const old = keyOf(await at.claim(0));
    await at.store().release(old, released, 0);
    const rival = keyOf(await at.claim(0));
    assert.is(await at.store().release(old, { outcome: 'recording_changed', reason: undefined }, 0), false);
    assert.equal(await at.apply(0, replaced('a.mp3', 'f2')), []);
    assert.is((await at.store().find(rival))?.outcome, undefined);
    assert.is(await at.stateOf('a.mp3'), 'leased');
  });

  run('queues a recording anew that changed while a worker had it', async () => {
    await using at = await bench(open, ['a.mp3']);
    const old = keyOf(await at.claim(0));
    assert.is(await at.store().release(old, { outcome: 'recording_changed', reason: undefined }, 0), true);
    await at.apply(0, replaced('a.mp3', 'f2'));
    assert.is((await at.store().find(old))?.outcome, 'recording_changed');
    assert.is((await at.claim(0)).fingerprint, 'f2');
  });

  run('is done without a transcript of its own where somebody else put one there', async () => {
    await using at = await bench(open, ['a.mp3']);
    const key = keyOf(await at.claim(0));
    assert.is(await at.store().release(key, { outcome: 'superseded', reason: undefined }, 0), true);
    await at.apply(0, { kind: 'find', path: 'a.mp3' });
    assert.equal([(await at.store().find(key))?.outcome, await at.stateOf('a.mp3')], ['superseded', 'done']);
  });

  run('forgets the digest of a recording that was replaced', async () => {
    await using at = await bench(open, ['a.mp3']);
    const digest = { kind: 'digest', path: 'a.mp3', fingerprint: 'f1', sha256: 'abc' } as const;
    const old = keyOf(await at.claim(0));
    assert.is((await at.apply(0, digest)).length, 1);
    assert.is((await at.store().find(old))?.recordingSha256, 'abc');
    await at.store().release(old, { outcome: 'recording_changed', reason: undefined }, 0);
    await at.apply(0, replaced('a.mp3', 'f2'));
    const lease = await at.claim(0);
    assert.is(lease.recordingSha256, undefined);
    assert.equal(await at.apply(0, digest), []);
    assert.is((await at.store().find(lease))?.recordingSha256, undefined);
    assert.is((await at.store().find(old))?.recordingSha256, undefined);
  });

  run('gives the tasks of a folder page by page, and each folder by itself', async () => {
    await using at = await bench(open, ['a.mp3', 'd/b.mp3', 'd/a.mp3', 'd/c.mp3', 'd/e/a.mp3']);
    const page = async (after: string) => (await at.store().tasksIn('d', after, 2)).map(({ name }) => name);
    assert.equal([await page(''), await page('b.mp3'), await page('c.mp3')], [['a.mp3', 'b.mp3'], ['c.mp3'], []]);
    assert.equal((await at.store().folders()).toSorted(), ['', 'd', 'd/e']);
  });

  run('counts what is open as it changes', async () => {
    await using at = await bench(open, ['a.mp3', 'b.mp3', 'c.mp3', 'd.mp3']);
    assert.is(await at.store().countOpen(), 4);
    await at.store().complete(keyOf(await at.claim(0)), done(), 0);
    await at.store().fail(keyOf(await at.claim(0)), 'broken', 0);
    await at.claim(0);
    assert.is(await at.store().countOpen(), 3);
    await at.apply(0, { kind: 'remove', path: 'd.mp3' }, { kind: 'withhold', path: 'b.mp3' });
    await at.restart();
    assert.is(await at.store().countOpen(), 2);
  });
}
