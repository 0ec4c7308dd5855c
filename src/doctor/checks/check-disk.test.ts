import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canMount, smallDisk } from '../../../test/support/small-disk.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { checkDisk, type FolderLook, judgeDisk } from './check-disk.ts';

const run = suite('check disk');

const asItIs = (file: string): string => file;
const look = (folder: string) => checkDisk(dataPaths(folder), asItIs);
const exitCodeOf = (checked: Awaited<ReturnType<typeof look>>): number =>
  'exitCode' in checked ? checked.exitCode : 0;

run('finds a folder that is there, and one that can be made, and makes none', async () => {
  await using folder = await temporaryFolder();
  assert.match((await look(folder.path)).found, /free in \/.*stt-test-\w+$/u);
  const missing = folder.join('deep', 'down');
  assert.match((await look(missing)).found, /down, which is not there yet$/u);
  assert.equal(await readdir(folder.path), [], 'nothing was made');
});

run('fails where a file is in the way, of the data folder or of one below it', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('file'), '');
  const above = await look(folder.join('file', 'data'));
  assert.is(exitCodeOf(above), 74, above.found);
  assert.match(above.found, /file cannot be used: it is no directory/u);
  await mkdir(folder.join('worker'));
  await writeFile(folder.join('worker', 'outbox'), '');
  const below = await look(folder.path);
  assert.match(below.found, /worker\/outbox cannot be used/u);
});

const room: FolderLook = {
  folder: '/data',
  nearest: '/data',
  error: undefined,
  freeBytes: 50e9,
  hasFreeFiles: true,
  isInMemory: false,
};

run('tells a disk that is full, nearly full, without inodes, or not ours', () => {
  assert.is(judgeDisk([room], asItIs).found, '50.0 GB free in /data');
  assert.is(judgeDisk([room, { ...room, freeBytes: 5e8 }], asItIs).status, 'warn');
  assert.is(exitCodeOf(judgeDisk([room, { ...room, freeBytes: 5e6 }], asItIs)), 74);
  assert.match(judgeDisk([{ ...room, hasFreeFiles: false }], asItIs).found, 'no inodes left');
  const forbidden = judgeDisk([{ ...room, error: Object.assign(new Error('no'), { code: 'EACCES' }) }], asItIs);
  assert.is(exitCodeOf(forbidden), 77);
  assert.is(judgeDisk([{ ...room, isInMemory: true }], asItIs).status, 'warn');
  const silent = judgeDisk([{ ...room, freeBytes: Infinity }], asItIs);
  assert.is(silent.found, '/data can be used; its disk does not say how much is free');
});

await using place = await temporaryFolder();
if (await canMount(place.path)) {
  run('sees a full disk, and one in memory', async () => {
    await using folder = await temporaryFolder();
    await using disk = await smallDisk(folder.join('disk'), 4 * 1024 ** 3);
    assert.match((await look(disk.path)).found, /lies in memory/u);
    await using small = await smallDisk(folder.join('small'), 8 * 1024 ** 2);
    await small.fill();
    const full = await look(small.path);
    assert.is(exitCodeOf(full), 74, full.found);
    assert.match(full.found, 'only 0 MB free');
  });
} else {
  run.skip('sees a full disk, and one in memory: mounting is not allowed here', () => {});
}

run.run();
