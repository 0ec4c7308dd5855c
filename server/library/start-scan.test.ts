// Real files, real inotify, a real store. Nothing waits for a fixed time: what should come is awaited.
import { mkdir, readdir, rename, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { openTestStore, type TestStore, type ThreadedScan, threadedScan } from './testing/test-scan.ts';

const run = suite('the scan in its thread');

const { signal } = new AbortController();
const english = '{"sql_params":{"language":"en"}}';

async function add(folder: TemporaryFolder, name: string, bytes = 'audio'): Promise<void> {
  await writeFile(folder.join(name.replace(/mp3$/u, 'json')), english);
  await writeFile(folder.join(name), bytes);
}

type World = AsyncDisposable & { library: TemporaryFolder; store: TestStore; scan: ThreadedScan };

/** A library with `a.mp3` in it, scanned once. */
async function world(more: Parameters<typeof threadedScan>[2] = {}): Promise<World> {
  const state = await temporaryFolder();
  const library = await temporaryFolder();
  await add(library, 'a.mp3');
  const store = openTestStore(state.join('tasks.sqlite'));
  const scan = await threadedScan(library.path, store, more);
  await scan.run(signal);
  return {
    library,
    store,
    scan,
    async [Symbol.asyncDispose]() {
      for (const part of [scan, store, library, state]) await part[Symbol.asyncDispose]();
    },
  };
}

run('reads thousands of recordings while the server goes on, and tells of tasks before its end', async () => {
  await using state = await temporaryFolder();
  await using library = await temporaryFolder();
  for (let folder = 0; folder < 20; folder += 1) {
    await mkdir(library.join(String(folder)));
    const files = Array.from({ length: 250 }, (_, file) => add(library, `${folder}/${file}.mp3`));
    await Promise.all(files);
  }
  await using store = openTestStore(state.join('tasks.sqlite'));
  const toldAt: number[] = [];
  await using scan = await threadedScan(library.path, store, { onTasks: (count) => toldAt.push(count) });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await scan.run(signal);
  delay.disable();
  assert.is(store.tasks().length, 5000);
  assert.is(
    toldAt.reduce((sum, count) => sum + count, 0),
    5000,
  );
  assert.ok(toldAt.length >= 5, 'told in parts');
  // Here the store answers in this thread as well, which it does not in the server.
  assert.ok(delay.max / 1e6 < 250, `the event loop stood still for ${delay.max / 1e6} ms`);
});

run('finds a new recording, and one in a new folder, without being asked', async () => {
  await using at = await world();
  await add(at.library, 'b.mp3');
  await eventually(() => at.store.tasks().includes('b.mp3 pending'), 'the recording');
  await mkdir(at.library.join('new/deep'), { recursive: true });
  await add(at.library, 'new/deep/c.mp3');
  await eventually(() => at.store.tasks().includes('new/deep/c.mp3 pending'), 'the recording in the new folder');
  await add(at.library, 'new/deep/d.mp3');
  await eventually(() => at.store.tasks().includes('new/deep/d.mp3 pending'), 'another one there');
  // They are in the store a moment before they are told.
  await eventually(() => at.scan.tasks() === 4, 'all are told');
});

run('follows what is replaced, corrected, removed and moved', async () => {
  await using at = await world();
  const task = (): string[] => at.store.verbs.tasksIn('', '', 9).map((known) => `${known.name} ${known.language}`);
  await writeFile(at.library.join('a.json'), english.replace('en', 'fr'));
  await eventually(() => task()[0] === 'a.mp3 fr', 'the language');
  await rename(at.library.join('a.mp3'), at.library.join('z.mp3'));
  await rename(at.library.join('a.json'), at.library.join('z.json'));
  await eventually(() => task().join() === 'z.mp3 fr', 'the new name');
  await unlink(at.library.join('z.mp3'));
  await eventually(() => task().length === 0, 'no task');
});

run('hears of a folder that was made anew under the same name', async () => {
  await using at = await world();
  for (const name of ['x', 'y', 'z']) {
    await mkdir(at.library.join('sub'));
    await add(at.library, `sub/${name}.mp3`);
    await eventually(() => at.store.tasks().includes(`sub/${name}.mp3 pending`), name);
    await rm(at.library.join('sub'), { recursive: true });
    await eventually(() => at.scan.logs.some((line) => line['path'] === 'sub') || name !== 'x', 'it is gone');
  }
});

run('does not look at once when transcripts come and go, but the next scan does', async () => {
  await using at = await world();
  await writeFile(at.library.join('a.vtt'), 'WEBVTT\n');
  await add(at.library, 'b.mp3');
  await eventually(() => at.store.tasks().includes('b.mp3 pending'), 'the event after it');
  await at.scan.run(signal);
  assert.equal(at.store.tasks(), ['a.mp3 done', 'b.mp3 pending']);
  await unlink(at.library.join('a.vtt'));
  // The event may still be on its way.
  await eventually(async () => {
    await at.scan.run(signal);
    return at.store.tasks()[0] === 'a.mp3 pending';
  }, 'its transcript is gone');
});

run('offers a recording that is being copied once it has settled, and looks again by itself', async () => {
  for (const watch of [true, false]) {
    await using at = await world({ settleSeconds: 1, watch });
    const writtenAt = Date.now();
    await eventually(() => at.store.tasks().join() === 'a.mp3 pending', 'it has settled');
    assert.ok(Date.now() - writtenAt < 5000);

    // Known, and written again: what is known stays until it has settled.
    const [before] = at.store.verbs.tasksIn('', '', 1);
    await writeFile(at.library.join('a.mp3'), 'other audio');
    await writeFile(at.library.join('a.json'), '{"sql_par');
    await at.scan.run(signal);
    assert.equal(at.store.verbs.tasksIn('', '', 1), [before]);
    await eventually(() => at.store.tasks().join() === 'a.mp3 pending withheld', 'the half-written sidecar');
    await add(at.library, 'a.mp3', 'other audio');
    await at.scan.run(signal);
    await eventually(() => at.store.tasks().join() === 'a.mp3 pending', 'all is well');
    assert.is.not(at.store.verbs.tasksIn('', '', 1)[0]?.fingerprint, before?.fingerprint);
  }
});

run('does not wait for a recording from the future, nor complain of one that has only begun', async () => {
  await using at = await world({ settleSeconds: 600, watch: false });
  assert.equal(at.store.tasks(), []);
  await writeFile(at.library.join('begun.mp3'), '');
  const tomorrow = Date.now() / 1000 + 86_400;
  for (const name of ['a.mp3', 'a.json']) await utimes(at.library.join(name), tomorrow, tomorrow);
  await at.scan.run(signal);
  assert.equal(at.store.tasks(), ['a.mp3 pending']);
  assert.equal(
    at.scan.logs.filter((line) => line['path'] !== undefined),
    [],
  );
});

run('ends at once in the middle of a scan', async () => {
  await using state = await temporaryFolder();
  await using library = await temporaryFolder();
  await Promise.all(Array.from({ length: 3000 }, (_, file) => add(library, `${file}.mp3`)));
  await using store = openTestStore(state.join('tasks.sqlite'));
  const begun = Promise.withResolvers<void>();
  await using scan = await threadedScan(library.path, store, { onTasks: () => begun.resolve() });
  const running = scan.run(signal);
  await begun.promise;
  const beganAt = performance.now();
  await scan.end();
  await running;
  assert.ok(performance.now() - beganAt < 1000);
  assert.ok(store.tasks().length < 3000, 'in the middle');
  assert.is((await readdir(library.path)).length, 6000);
});

run.run();
