import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DueFolders } from './due-folders.ts';

const run = suite('folders that are due');

run('waits until a folder is quiet, but not for ever', () => {
  const folders = new DueFolders();
  folders.changed('a', 0);
  assert.equal(folders.due(49), []);
  assert.equal(folders.due(50), ['a']);
  for (let now = 0; now < 1000; now += 40) folders.changed('a', now);
  assert.equal(folders.due(999), []);
  assert.equal(folders.due(1000), ['a']);
  folders.begin('a');
  assert.equal([folders.due(5000), folders.isEmpty], [[], true]);
});

run('looks again as soon as the first file has settled', () => {
  const folders = new DueFolders();
  folders.settles('a', 3000);
  folders.settles('a', 2000);
  folders.settles('a', 4000);
  assert.equal(folders.due(1999), []);
  assert.equal(folders.due(2000), ['a']);
  folders.changed('a', 100);
  assert.equal(folders.due(300), ['a']);
});

run('does not read a huge folder all the time', () => {
  const folders = new DueFolders();
  folders.changed('huge', 0);
  folders.begin('huge');
  folders.end('huge', 1000, 800);
  folders.changed('huge', 1000);
  folders.settles('huge', 1500);
  assert.equal(folders.due(4199), []);
  assert.equal(folders.due(4200), ['huge']);
  folders.end('huge', 10_000, 1);
  assert.equal(folders.due(10_000), ['huge']);
  folders.end('huge', 10_000, 60_000);
  assert.equal(folders.due(19_999), []);
  assert.equal(folders.due(20_000), ['huge']);
});

run.run();
