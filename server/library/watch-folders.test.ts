import { watch } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { WatchFolders, type WatchFoldersOptions } from './watch-folders.ts';

const run = suite('watching folders');

type Watching = Disposable & { folders: WatchFolders; heard: string[]; said: string[] };

function watching(library: TemporaryFolder, more: Partial<WatchFoldersOptions> = {}): Watching {
  const heard: string[] = [];
  const said: string[] = [];
  const folders = new WatchFolders({
    root: library.path,
    onChange: (folder, name) => heard.push(`${folder}: ${name}`),
    log: ({ message }) => said.push(message),
    ...more,
  });
  return { folders, heard, said, [Symbol.dispose]: () => folders.close() };
}

const failing = (code: string): typeof watch => {
  let left = 1;
  const start = (...args: Parameters<typeof watch>): ReturnType<typeof watch> => {
    left -= 1;
    if (left < 0) throw Object.assign(new Error(code), { code });
    return watch(...args);
  };
  return start as typeof watch;
};

run('tells what happened where', async () => {
  await using library = await temporaryFolder();
  await mkdir(library.join('sub'));
  using at = watching(library);
  assert.ok(at.folders.watch('') && at.folders.watch('sub'));
  await writeFile(library.join('sub/a.mp3'), 'audio');
  await eventually(() => at.heard.includes('sub: a.mp3'), 'the event');
  at.folders.unwatch('sub');
  await writeFile(library.join('sub/b.mp3'), 'audio');
  await writeFile(library.join('c.mp3'), 'audio');
  await eventually(() => at.heard.includes(': c.mp3'), 'the other event');
  assert.not.ok(at.heard.includes('sub: b.mp3'));
});

run('does not trust the watch of a folder that was moved away', async () => {
  await using library = await temporaryFolder();
  await mkdir(library.join('sub'));
  using at = watching(library);
  at.folders.watch('sub');
  await rename(library.join('sub'), library.join('away'));
  await eventually(() => !at.folders.has('sub'), 'the watch is gone');
  assert.equal(at.heard, ['sub: sub']);
});

run('says once what to do where the system watches no more folders, and tries again later', async () => {
  await using library = await temporaryFolder();
  for (const name of ['a', 'b', 'c']) await mkdir(library.join(name));
  for (const code of ['ENOSPC', 'EMFILE']) {
    using at = watching(library, { start: failing(code) });
    assert.equal([at.folders.watch('a'), at.folders.watch('b'), at.folders.watch('c')], [true, false, false]);
    assert.is(at.said.length, 1);
    assert.match(at.said[0] ?? '', 'fs.inotify.max_user_watches');
    assert.ok(at.folders.watch('a'), 'what is watched stays so');
    at.folders.tryAgain();
    assert.not.ok(at.folders.watch('b'));
    assert.is(at.said.length, 1);
  }
});

run('does not believe a network file system, and says so once', async () => {
  await using library = await temporaryFolder();
  using at = watching(library, { kindOf: () => 0x69_69 });
  assert.equal([at.folders.watch(''), at.folders.watch('')], [false, false]);
  assert.is(at.said.length, 1);
  assert.match(at.said[0] ?? '', 'STT_SCAN_SECONDS');
});

run('cannot watch what is not there', async () => {
  await using library = await temporaryFolder();
  using at = watching(library);
  assert.not.ok(at.folders.watch('missing'));
  assert.equal(at.said, []);
});

run.run();
