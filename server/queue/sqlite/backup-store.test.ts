import { appendFile, link, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../../../src/app-error.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { openStore } from '../open-store.ts';
import { added, done, termMs, worker } from '../testing/conforming-store.ts';
import { backupStore } from './backup-store.ts';
import { openStoreDirectly } from './open-store-directly.ts';

const run = suite('backupStore');
const policy = { maxAttempts: 5, order: 'oldest' } as const;

async function errorOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof AppError) return error;
  throw new Error('expected an AppError', { cause: error });
}

run('copies one moment of a database while a server writes to it, without stopping it', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('tasks.sqlite');
  const server = await openStore({
    file,
    policy,
    onFailure: (error) => {
      throw error;
    },
  });
  const names = Array.from({ length: 20_000 }, (_, index) => `folder/${index}.mp3`);
  await server.store.apply(
    names.map((name) => added(name)),
    0,
  );
  const copying = new AbortController();
  let written = 0;
  const writing = (async () => {
    while (!copying.signal.aborted) {
      const lease = await server.store.claim({ leaseId: `lease ${written}`, worker, termMs }, 0);
      if (lease === undefined) return;
      await server.store.complete(lease, done(), 0);
      written += 1;
    }
  })();
  const seen: number[] = [];
  const writtenBefore = written;
  await backupStore(file, folder.join('copy.sqlite'), { onProgress: (fraction) => seen.push(fraction) });
  copying.abort();
  await writing;
  await server.close();
  assert.ok(written > writtenBefore, 'the server went on');
  assert.is(seen.at(-1), 1);
  assert.equal(
    seen,
    seen.toSorted((one, other) => one - other),
  );
  // One file, whole in itself.
  assert.equal((await readdir(folder.path)).toSorted(), ['copy.sqlite', 'tasks.sqlite', 'tasks.sqlite.lock']);

  const copy = openStoreDirectly(folder.join('copy.sqlite'), policy);
  const { tasks } = copy.store.figures();
  assert.is(tasks.pending + tasks.leased + tasks.done, 20_000);
  assert.is(
    tasks.done + tasks.leased,
    copy.store.list({ states: ['done', 'leased'] }, { after: 0, limit: 30_000 }).length,
  );
  assert.ok(copy.store.claim({ leaseId: 'of the copy', worker, termMs }, 0));
  copy.close();
});

run('replaces a file only where it is told to, and never the database itself', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('tasks.sqlite');
  openStoreDirectly(file, policy).close();
  const target = folder.join('copy.sqlite');
  await writeFile(target, 'precious');
  assert.match((await errorOf(backupStore(file, target))).message, /already/u);
  assert.is(await readFile(target, 'utf8'), 'precious');
  await backupStore(file, target, { force: true });
  assert.match(await readFile(target, 'latin1'), /^SQLite format 3/u);

  await link(file, folder.join('hard'));
  await symlink(file, folder.join('soft'));
  for (const itself of [file, folder.join('hard'), folder.join('soft')]) {
    assert.match((await errorOf(backupStore(file, itself, { force: true }))).message, /itself/u, itself);
  }
  assert.equal((await readdir(folder.path)).toSorted(), ['copy.sqlite', 'hard', 'soft', 'tasks.sqlite']);
});

run('makes no copy of what is not there, not ours, or damaged, and leaves nothing behind', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('tasks.sqlite');
  const target = folder.join('copy.sqlite');
  assert.match((await errorOf(backupStore(file, target))).message, /no task database/u);
  const { store, close } = openStoreDirectly(file, policy);
  store.apply(
    Array.from({ length: 2000 }, (_, index) => added(`${index}.mp3`)),
    0,
  );
  close();
  const missing = await errorOf(backupStore(file, folder.join('missing', 'copy.sqlite')));
  assert.is(missing.exitCode, 74);
  assert.match(missing.message, /ENOENT|unable to open/u);

  const whole = await readFile(file);
  whole.fill(0xa5, 4096 * 8, 4096 * 12);
  await writeFile(file, whole);
  const damaged = await errorOf(backupStore(file, target));
  assert.match(damaged.message, /damaged/u);
  assert.ok(damaged.message.includes(file), 'it names the database and not the copy');
  await truncate(file, 0);
  await appendFile(file, 'talk.mp3\n');
  assert.match((await errorOf(backupStore(file, target))).message, /no task database/u);
  assert.equal(await readdir(folder.path), ['tasks.sqlite']);
});

run.run();
