import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../test/support/rejects.ts';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { createFileAtomic, writeFileAtomic } from './atomic-file.ts';

const atomic = suite('atomic files');

atomic('writes a whole file with its mode and leaves nothing else', async () => {
  await using folder = await temporaryFolder();
  await writeFileAtomic(folder.join('a'), 'one', 0o600);
  await writeFileAtomic(folder.join('a'), 'two', 0o600);
  assert.is(await readFile(folder.join('a'), 'utf8'), 'two');
  assert.is((await stat(folder.join('a'))).mode & 0o777, 0o600);
  assert.equal(await readdir(folder.path), ['a']);
});

atomic('never replaces a file that is there when asked to create', async () => {
  await using folder = await temporaryFolder();
  assert.is(await createFileAtomic(folder.join('a'), 'ours'), true);
  assert.is(await createFileAtomic(folder.join('a'), 'theirs'), false);
  assert.is(await readFile(folder.join('a'), 'utf8'), 'ours');
  assert.equal(await readdir(folder.path), ['a']);
});

atomic('lets one of many creators win', async () => {
  await using folder = await temporaryFolder();
  const results = await Promise.all(Array.from({ length: 20 }, (_, i) => createFileAtomic(folder.join('a'), `${i}`)));
  assert.is(results.filter(Boolean).length, 1);
  assert.is(await readFile(folder.join('a'), 'utf8'), String(results.indexOf(true)));
});

atomic('leaves nothing behind where it fails', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('file'), '');
  await rejects(writeFileAtomic(folder.join('file', 'below'), 'x'), /ENOTDIR/u);
  await rejects(writeFileAtomic(folder.join('missing', 'x'), 'x'), /ENOENT/u);
  assert.equal(await readdir(folder.path), ['file']);
});

atomic.run();
