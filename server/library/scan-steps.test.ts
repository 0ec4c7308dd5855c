// Scans in the thread of the test, so that the world can go on between two of their steps. Real files, a real store.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { TaskQueueVerbs } from '../queue/task-queue.ts';
import { DueFolders } from './due-folders.ts';
import type { ScanLog } from './scan-notices.ts';
import { openTestStore, type TestStore, testScan } from './testing/test-scan.ts';
import { WatchFolders } from './watch-folders.ts';

const run = suite('a scan, step by step');

type Meanwhile = (queue: TaskQueueVerbs) => Promise<void>;

/** Two scans over a real catalogue; in the second one the world goes on between two steps. */
async function scanAround(
  folder: TemporaryFolder,
  { afterPresence, afterListing }: { afterPresence?: Meanwhile; afterListing?: Meanwhile },
): Promise<string[]> {
  await using store = openTestStore(folder.join('tasks.sqlite'));
  let isSecond = false;
  const root = folder.join('library');
  const scan = testScan(
    root,
    {
      ...store.catalogue,
      async tasksIn(...page) {
        if (isSecond) await afterListing?.(store.verbs);
        return store.catalogue.tasksIn(...page);
      },
    },
    {
      async presence() {
        if (isSecond) await afterPresence?.(store.verbs);
        return { kind: 'present' };
      },
    },
  );
  const { signal } = new AbortController();
  await scan.run(signal);
  isSecond = true;
  await scan.run(signal);
  return (await store.catalogue.tasksIn('', '', 10)).map(({ name, state }) => `${name} ${state}`);
}

run('does not open a task again that is finished while the scan looks at it', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('library'));
  await writeFile(folder.join('library', 'a.mp3'), 'audio');
  const tasks = await scanAround(folder, {
    async afterListing(queue) {
      await writeFile(folder.join('library', 'a.vtt'), 'WEBVTT\n');
      const key = { leaseId: 'x', credential: undefined };
      queue.claim(
        { leaseId: 'x', worker: { name: 'w', ip: '::1', protocol: 2, credential: undefined }, termMs: 1000 },
        0,
      );
      queue.complete(key, { state: 'done', sha256: 'x' }, 0);
    },
  });
  assert.equal(tasks, ['a.mp3 done']);
});

run('forgets nothing when the library is unmounted while it is scanned', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('library'));
  await writeFile(folder.join('library', 'a.mp3'), 'audio');
  const tasks = await scanAround(folder, {
    async afterPresence() {
      await rename(folder.join('library'), folder.join('away'));
      await mkdir(folder.join('library'));
    },
  });
  assert.equal(tasks, ['a.mp3 pending']);
});

/** A library of `a/`, `b/` and `b/c/` with a recording in each, watched, and a scan that has read all of it. */
async function watchedScan(folder: TemporaryFolder, store: TestStore) {
  const root = folder.join('library');
  for (const name of ['a', 'b/c']) await mkdir(path.join(root, name), { recursive: true });
  for (const name of ['a/1', 'b/2', 'b/c/3']) await writeFile(path.join(root, `${name}.mp3`), 'audio');
  const heard: string[] = [];
  const watch = new WatchFolders({
    root,
    log: () => {},
    onChange: (name) => {
      heard.push(name);
      scan.distrust(name);
    },
  });
  const scan = testScan(root, store.catalogue, { watch });
  const { signal } = new AbortController();
  await scan.run(signal);
  const look = async (isFull = false) => {
    const { read, fresh } = await scan.run(signal, isFull);
    return { read, fresh };
  };
  return { root, scan, heard, look, [Symbol.dispose]: () => watch.close() };
}

run('leaves out watched folders in which nothing happened, unless it is a full scan', async () => {
  await using folder = await temporaryFolder();
  await using store = openTestStore(folder.join('tasks.sqlite'));
  using at = await watchedScan(folder, store);
  assert.equal(await at.look(), { read: 0, fresh: 4 });
  await writeFile(path.join(at.root, 'b/c/4.mp3'), 'audio');
  await eventually(() => at.heard.includes('b/c'), 'the event');
  assert.equal(await at.look(), { read: 1, fresh: 3 });
  assert.ok(store.tasks().includes('b/c/4.mp3 pending'));
  store.verbs.apply([{ kind: 'remove', path: 'a/1.mp3' }], 0);
  assert.equal(await at.look(), { read: 0, fresh: 4 });
  assert.not.ok(store.tasks().includes('a/1.mp3 pending'));
  assert.equal(await at.look(true), { read: 4, fresh: 0 });
  assert.ok(store.tasks().includes('a/1.mp3 pending'));
});

run('reads a folder again that is another one now, also where no event told so', async () => {
  await using folder = await temporaryFolder();
  await using store = openTestStore(folder.join('tasks.sqlite'));
  using at = await watchedScan(folder, store);
  await mkdir(folder.join('other'));
  await writeFile(folder.join('other/5.mp3'), 'audio');
  await rename(path.join(at.root, 'a'), folder.join('away'));
  await rename(folder.join('other'), path.join(at.root, 'a'));
  // Before any event was heard: the scan looks in the same turn of the event loop.
  at.heard.length = 0;
  await at.look();
  assert.ok(store.tasks().includes('a/5.mp3 pending'));
  await writeFile(path.join(at.root, 'a/6.mp3'), 'audio');
  await eventually(() => at.heard.includes('a'), 'the new one is watched');
});

run('keeps the tasks of a watched folder that is gone, and says so', async () => {
  await using folder = await temporaryFolder();
  await using store = openTestStore(folder.join('tasks.sqlite'));
  const said: string[] = [];
  const root = folder.join('library');
  await mkdir(path.join(root, 'a/b'), { recursive: true });
  for (const name of ['0', 'a/1', 'a/b/2']) await writeFile(path.join(root, `${name}.mp3`), 'audio');
  const log: ScanLog = ({ level, fields }) => level === 'warn' && said.push(String(fields['path']));
  const scan = testScan(root, store.catalogue, { log });
  const { signal } = new AbortController();
  await scan.run(signal);
  await rename(path.join(root, 'a'), folder.join('away'));
  await scan.look([''], signal);
  await scan.run(signal);
  assert.equal(said.toSorted(), ['a', 'a/b']);
  assert.is(store.tasks().length, 3);
  await rename(folder.join('away'), path.join(root, 'a'));
  await scan.look([''], signal);
  assert.equal(said.length, 2);
});

run('never takes a disk that goes away while it is looked at for withheld or removed recordings', async () => {
  await using folder = await temporaryFolder();
  const root = folder.join('library');
  await mkdir(path.join(root, 'disk'), { recursive: true });
  for (let file = 0; file < 1200; file += 1) await writeFile(path.join(root, `disk/${file}.mp3`), 'audio');
  await using store = openTestStore(folder.join('tasks.sqlite'));
  let isGoing = false;
  const scan = testScan(root, {
    ...store.catalogue,
    async tasksIn(...page) {
      // It has been listed by now.
      if (isGoing && page[0] === 'disk') await rename(path.join(root, 'disk'), folder.join('away'));
      isGoing = false;
      return store.catalogue.tasksIn(...page);
    },
  });
  const { signal } = new AbortController();
  await scan.run(signal);
  const before = store.tasks();
  isGoing = true;
  await scan.run(signal);
  await scan.run(signal);
  assert.equal(store.tasks(), before);
});

run('does not offer a recording whose transcript would have the name of that of another', async () => {
  await using folder = await temporaryFolder();
  await using store = openTestStore(folder.join('tasks.sqlite'));
  const root = folder.join('library');
  await mkdir(root);
  for (const name of ['talk.mp3', 'talk.en.mp3', 'old.mp3', 'new.mp3', 'old.vtt', 'new.de.vtt']) {
    await writeFile(path.join(root, name), 'x');
  }
  const said: string[] = [];
  const log: ScanLog = ({ level, fields }) =>
    level === 'warn' && said.push(`${String(fields['path'])}: ${String(fields['reason'])}`);
  const scan = testScan(root, store.catalogue, { transcriptName: '{stem}.{lang}.vtt', log });
  await scan.run(new AbortController().signal);
  assert.equal(store.tasks(), ['talk.en.mp3 pending']);
  assert.is(said.length, 1);
  assert.match(said[0] ?? '', /^talk.mp3: its transcript would be called talk.en.vtt/u);
});

run('looks again at what it had read when the store failed', async () => {
  await using folder = await temporaryFolder();
  await using store = openTestStore(folder.join('tasks.sqlite'));
  const root = folder.join('library');
  await mkdir(path.join(root, 'a'), { recursive: true });
  const due = new DueFolders();
  const watch = new WatchFolders({ root, log: () => {}, onChange: (name) => scan.distrust(name) });
  let isFull = false;
  const apply: typeof store.catalogue.apply = async (...changes) => {
    if (isFull) throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
    return store.catalogue.apply(...changes);
  };
  const scan = testScan(root, { ...store.catalogue, apply }, { watch, due });
  const { signal } = new AbortController();
  try {
    await scan.run(signal);
    await writeFile(path.join(root, 'a/1.mp3'), 'audio');
    isFull = true;
    for (const look of [() => scan.run(signal, false), () => scan.look(['a'], signal)]) {
      scan.distrust('a');
      const failed = await look().catch((error: unknown) => error);
      assert.instance(failed, Error);
    }
    assert.not.ok(due.isEmpty, 'what was to be looked at by itself stays due');
    isFull = false;
    await scan.run(signal, false);
  } finally {
    watch.close();
  }
  assert.equal(store.tasks(), ['a/1.mp3 pending']);
});

run('does not offer a recording whose transcript no file system would take', async () => {
  await using folder = await temporaryFolder();
  await using store = openTestStore(folder.join('tasks.sqlite'));
  const root = folder.join('library');
  await mkdir(root);
  const [long, short] = [250, 248].map((length) => `${'a'.repeat(length)}.mp3`);
  for (const name of [long, short]) await writeFile(path.join(root, String(name)), 'x');
  const said: string[] = [];
  const log: ScanLog = ({ level, fields }) => level === 'warn' && said.push(String(fields['path']));
  const scan = testScan(root, store.catalogue, { transcriptName: '{stem}.{lang}.vtt', log });
  await scan.run(new AbortController().signal);
  assert.equal(store.tasks(), [`${short} pending`]);
  assert.equal(said, [long]);
});

run('follows what was changed while a worker had the task, once it has handed it back', async () => {
  await using folder = await temporaryFolder();
  await using store = openTestStore(folder.join('tasks.sqlite'));
  using at = await watchedScan(folder, store);
  const worker = { name: 'w', ip: '::1', protocol: 2, credential: undefined } as const;
  const lease = store.verbs.claim({ leaseId: 'x', worker, termMs: 1000 }, 0);
  const place = path.posix.dirname(lease?.path ?? '');
  await writeFile(path.join(at.root, place, `${path.basename(lease?.path ?? '', '.mp3')}.json`), '{"language":"de"}');
  await eventually(() => at.heard.includes(place), 'the event');
  await at.look();
  store.verbs.release({ leaseId: 'x', credential: undefined }, { outcome: 'released', reason: undefined }, 0);
  await at.look();
  assert.is(store.verbs.tasksIn(place, '', 1)[0]?.language, 'de');
  assert.equal(await at.look(), { read: 0, fresh: 4 });
});

run.run();
