import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runChild } from '../../src/run-child.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { openRecording } from './open-recording.ts';

const run = suite('openRecording');

async function outcome(root: string, path: string): Promise<string> {
  const opened = await openRecording(root, path);
  if (opened.kind !== 'open') return `${opened.kind}: ${opened.reason}`;
  await using recording = opened.recording;
  return `open: ${recording.sizeBytes} bytes`;
}

run('opens a regular file of the library, also where the library itself is reached by a link', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('library', 'sub'), { recursive: true });
  await writeFile(folder.join('library', 'sub', 'a.mp3'), 'audio');
  await symlink(folder.join('library'), folder.join('link'));
  assert.is(await outcome(folder.join('library'), 'sub/a.mp3'), 'open: 5 bytes');
  assert.is(await outcome(folder.join('link'), 'sub/a.mp3'), 'open: 5 bytes');
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

  assert.match(await outcome(root, 'missing.mp3'), /^gone: ENOENT/u);
  assert.match(await outcome(root, 'link.mp3'), /^gone: ELOOP/u);
  assert.is(await outcome(root, 'way/secret.mp3'), 'gone: it lies outside the library');
  assert.is(await outcome(root, '../outside/secret.mp3'), 'gone: it lies outside the library');
  assert.is(await outcome(root, 'pipe.mp3'), 'gone: it is not a regular file');
  assert.is(await outcome(root, 'folder.mp3'), 'gone: it is not a regular file');
  assert.is(await outcome(root, 'empty.mp3'), 'gone: it is empty (0 bytes)');
});

run('tells a recording that may not be read from one that is gone', async () => {
  if (process.getuid?.() === 0) return; // root may read everything
  await using folder = await temporaryFolder();
  await writeFile(folder.join('a.mp3'), 'audio');
  await chmod(folder.join('a.mp3'), 0);
  assert.match(await outcome(folder.path, 'a.mp3'), /^unreadable: EACCES/u);
});

run.run();
