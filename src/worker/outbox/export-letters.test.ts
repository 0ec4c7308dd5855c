import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { exportLetters, safeStem } from './export-letters.ts';
import type { Letter } from './letter.ts';
import type { ListedLetter } from './list-letters.ts';

const run = suite('exportLetters');

const listed = (letter: Letter | undefined): ListedLetter => ({
  file: '/outbox/x.json',
  state: 'waiting',
  letter,
  postedAtMs: 0,
  sizeBytes: 1,
  owner: 'ended',
  reason: undefined,
});
const result = (id: string, vtt = 'WEBVTT\n\n'): ListedLetter => listed({ kind: 'result', message: { id, vtt } });

run('writes transcripts and reports, again only what is new, and overwrites nothing', async () => {
  await using folder = await temporaryFolder();
  const target = folder.join('new', 'folder');
  const letters = [
    result('a'),
    listed({ kind: 'error', message: { id: 'b', error: 'it is empty' } }),
    listed({ kind: 'error', message: { id: 'c' } }),
    listed(undefined),
  ];
  const outcomes = async (more: ListedLetter[] = []): Promise<string[]> =>
    (await exportLetters([...letters, ...more], target, false)).map(({ outcome }) => outcome);
  assert.equal(await outcomes(), ['written', 'written', 'written', 'not a letter']);
  assert.equal((await readdir(target)).toSorted(), ['a.vtt', 'b.error.txt', 'c.error.txt']);
  assert.is(await readFile(`${target}/b.error.txt`, 'utf8'), 'it is empty\n');
  assert.equal(await outcomes(), ['kept', 'kept', 'kept', 'not a letter']);
  // Another text under the same id.
  await writeFile(`${target}/a.vtt`, 'of the user');
  assert.equal(await outcomes([result('a', 'other')]), ['written', 'kept', 'kept', 'not a letter', 'written']);
  assert.equal(await outcomes([result('a', 'other')]), ['kept', 'kept', 'kept', 'not a letter', 'kept']);
  assert.is(await readFile(`${target}/a.vtt`, 'utf8'), 'of the user');
  assert.is((await readdir(target)).length, 5);
});

run('says what it would write, and writes nothing', async () => {
  await using folder = await temporaryFolder();
  const target = folder.join('new');
  const letters = [result('a'), result('a'), result('a', 'other')];
  const dry = await exportLetters(letters, target, true);
  assert.equal(
    dry.map(({ outcome }) => outcome),
    ['written', 'kept', 'written'],
  );
  assert.equal(await readdir(folder.path), []);
  assert.equal(await exportLetters(letters, target, false), dry);
});

run('keeps every file in the folder, whatever a server calls its tasks', async () => {
  await using folder = await temporaryFolder();
  const target = folder.join('target');
  const ids = [
    '../../etc/passwd',
    '..',
    '.',
    '/abs',
    'a/b',
    'a\\b',
    'a\0b',
    'a\nb',
    '-rf',
    '.hidden',
    'é',
    'x'.repeat(128),
  ];
  const exported = await exportLetters(
    ids.map((id) => result(id)),
    target,
    false,
  );
  const names = await readdir(target);
  assert.is(names.length, ids.length);
  for (const name of names) assert.match(name, /^\w[\w.~-]{0,120}\.vtt$/u);
  assert.ok(exported.every(({ file }) => file.startsWith(`${target}/`)));
  assert.equal(await readdir(folder.path), ['target']);
  assert.is(safeStem('0123456789abcdef0123456789abcdef'), '0123456789abcdef0123456789abcdef');
});

run('writes through no link, and waits for no pipe', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('target', 'b.vtt'), { recursive: true });
  await symlink(folder.join('outside'), folder.join('target', 'a.vtt'));
  const exported = await exportLetters([result('a'), result('b')], folder.join('target'), false);
  for (const { file } of exported) assert.match(file, /[ab]\.[0-9a-f]{8}\.vtt$/u);
  assert.equal(await readdir(folder.path), ['target']);
});

run('says that the folder cannot be written', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('file'), '');
  const error = await rejects(exportLetters([result('a')], folder.join('file', 'x'), false), /cannot|Nothing more/u);
  assert.equal([error['code'], error['exitCode']], ['STT_EXPORT', 74]);
});

run.run();
