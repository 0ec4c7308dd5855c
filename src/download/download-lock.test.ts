import { readdir, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { processStart } from '../process-start.ts';
import { lockOf, refuseWhileDownloading, withDownloadLock } from './download-lock.ts';

const run = suite('download lock');

const since = '2026-11-01T00:00:00.000Z';
const done = (): Promise<string> => Promise.resolve('done');

run('is gone after the work, and after its failure', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('file');
  assert.is(await withDownloadLock(file, 0, done), 'done');
  await rejects(
    withDownloadLock(file, 0, () => Promise.reject(new Error('broken'))),
    /broken/u,
  );
  assert.equal(await readdir(folder.path), []);
});

run('is taken over from a process that is gone, from one that has its id now, and where it is damaged', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('file');
  const gone = { host: hostname(), pid: 2 ** 22 + 1, start: 5, since };
  const another = { host: hostname(), pid: process.pid, start: (processStart(process.pid) ?? 0) + 1, since };
  for (const content of [JSON.stringify(gone), JSON.stringify(another), '{', '']) {
    await writeFile(lockOf(file), content);
    await refuseWhileDownloading(file, Date.now());
    assert.is(await withDownloadLock(file, Date.now(), done), 'done');
  }
  assert.equal(await readdir(folder.path), []);
});

run('of another machine holds while its part grows', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('file');
  await writeFile(lockOf(file), JSON.stringify({ host: 'elsewhere', pid: 7, start: 5, since }));
  await writeFile(`${file}.part`, 'bytes');
  const error = await rejects(withDownloadLock(file, Date.now(), done), /by process 7 on elsewhere, since 2026-11-01/u);
  assert.match(String(error['hint']), /delete .*file\.lock/u);
  await rejects(refuseWhileDownloading(file, Date.now()), /by process 7 on elsewhere/u);
  const longAgo = new Date(Date.now() - 600_000);
  for (const each of [lockOf(file), `${file}.part`]) await utimes(each, longAgo, longAgo);
  assert.is(await withDownloadLock(file, Date.now(), done), 'done');
});

run('lets one of many in at a time', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('file');
  let inside = 0;
  let most = 0;
  const ends = await Promise.allSettled(
    Array.from({ length: 8 }, () =>
      withDownloadLock(file, Date.now(), async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise(setImmediate);
        inside -= 1;
      }),
    ),
  );
  assert.is(most, 1);
  assert.ok(ends.some(({ status }) => status === 'fulfilled'));
});

run.run();
