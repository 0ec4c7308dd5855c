import { closeSync } from 'node:fs';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runChild } from '../../src/run-child.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { LibraryRoot } from './library-root.ts';
import { openRecording } from './open-recording.ts';

const run = suite('openRecording');

function outcome(root: string | LibraryRoot, path: string): string {
  const opened = openRecording(typeof root === 'string' ? new LibraryRoot(root) : root, path);
  if (opened.kind !== 'open') return `${opened.kind}: ${opened.reason}`;
  closeSync(opened.fd);
  return `open: ${opened.sizeBytes} bytes`;
}

run('opens a regular file of the library, also where the library itself is reached by a link', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('library', 'sub'), { recursive: true });
  await writeFile(folder.join('library', 'sub', 'a.mp3'), 'audio');
  await symlink(folder.join('library'), folder.join('link'));
  assert.is(outcome(folder.join('library'), 'sub/a.mp3'), 'open: 5 bytes');
  assert.is(outcome(folder.join('link'), 'sub/a.mp3'), 'open: 5 bytes');
});

run('refuses links, also on the way, pipes, folders and empty files', async () => {
  await using folder = await temporaryFolder();
  const root = folder.join('library');
  await mkdir(folder.join('library', 'folder.mp3'), { recursive: true });
  await mkdir(folder.join('outside'));
  await writeFile(folder.join('outside', 'secret.mp3'), 'secret');
  await symlink(folder.join('outside', 'secret.mp3'), folder.join('library', 'link.mp3'));
  await symlink(folder.join('outside'), folder.join('library', 'way'));
  await runChild({ file: 'mkfifo', args: [folder.join('library', 'pipe.mp3')] });
  await writeFile(folder.join('library', 'empty.mp3'), '');

  assert.match(outcome(root, 'missing.mp3'), /^gone: ENOENT/u);
  assert.match(outcome(root, 'link.mp3'), /^gone: ELOOP/u);
  assert.is(outcome(root, 'way/secret.mp3'), 'gone: it lies outside the library');
  assert.is(outcome(root, '../outside/secret.mp3'), 'gone: it lies outside the library');
  assert.is(outcome(root, 'pipe.mp3'), 'gone: it is not a regular file');
  assert.is(outcome(root, 'folder.mp3'), 'gone: it is not a regular file');
  assert.is(outcome(root, 'empty.mp3'), 'gone: it is empty (0 bytes)');
});

run('follows the library when the link to it is set to another place', async () => {
  await using folder = await temporaryFolder();
  for (const place of ['one', 'two']) {
    await mkdir(folder.join(place));
    await writeFile(folder.join(place, 'a.mp3'), place);
  }
  await symlink(folder.join('one'), folder.join('link'));
  const root = new LibraryRoot(folder.join('link'));
  assert.is(outcome(root, 'a.mp3'), 'open: 3 bytes');
  await rm(folder.join('link'));
  await symlink(folder.join('two'), folder.join('link'));
  assert.is(outcome(root, 'a.mp3'), 'open: 3 bytes');
  await symlink(folder.join('one', 'a.mp3'), folder.join('two', 'old.mp3'));
  await symlink(folder.join('one'), folder.join('two', 'old'));
  root.forget();
  assert.is(outcome(root, 'old/a.mp3'), 'gone: it lies outside the library');
});

run('tells a recording that may not be read from one that is gone', async () => {
  if (process.getuid?.() === 0) return; // root may read everything
  await using folder = await temporaryFolder();
  await writeFile(folder.join('a.mp3'), 'audio');
  await chmod(folder.join('a.mp3'), 0);
  assert.match(outcome(folder.path, 'a.mp3'), /^unreadable: EACCES/u);
});

run.run();
