import { readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { processStart } from '../process-start.ts';
import { lockOf, withEnvFileLock } from './env-file-lock.ts';

const lock = suite('withEnvFileLock');

const start = processStart(process.pid) ?? 0;
const done = (): Promise<string> => Promise.resolve('done');

lock('lets one of many in at a time, and all of them; it is gone after them, and after a failure', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('worker.env');
  let inside = 0;
  const enter = async (): Promise<number> => {
    inside += 1;
    const seen = inside;
    await new Promise(setImmediate);
    inside -= 1;
    return seen;
  };
  const seen = await Promise.all(Array.from({ length: 5 }, () => withEnvFileLock(file, enter)));
  assert.equal(seen, [1, 1, 1, 1, 1]);
  await rejects(
    withEnvFileLock(file, () => Promise.reject(new Error('broken'))),
    /broken/u,
  );
  assert.equal(await readdir(folder.path), []);
});

lock('is taken over from a process that is gone, from one that has its id now, and where it is damaged', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('worker.env');
  const gone = { host: hostname(), pid: 2 ** 22 + 1, start: 5 };
  const another = { host: hostname(), pid: process.pid, start: start + 1 };
  for (const content of [JSON.stringify(gone), JSON.stringify(another), '{', '']) {
    await writeFile(lockOf(file), content);
    assert.is(await withEnvFileLock(file, done, 0), 'done');
  }
  assert.equal(await readdir(folder.path), []);
});

lock('of a living process, or of one elsewhere, stays, and is named', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('worker.env');
  for (const [host, where] of [
    [hostname(), ''],
    ['elsewhere', ' on elsewhere'],
  ] as const) {
    await writeFile(lockOf(file), JSON.stringify({ host, pid: process.pid, start }));
    const error = await rejects(
      withEnvFileLock(file, done, 40),
      new RegExp(`by process ${process.pid}${where}\\.$`, 'u'),
    );
    assert.is(error['exitCode'], 75);
    assert.match(String(error['hint']), lockOf(file));
    assert.equal(await readdir(folder.path), ['.worker.env.lock']);
  }
});

lock.run();
