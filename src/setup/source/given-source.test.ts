import { mkdir, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { makeTinyWhisper, packTiny, tinyRelease } from '../../../test/support/tiny-whisper.ts';
import { openGivenSource } from './given-source.ts';

const run = suite('openGivenSource');

run('knows the archives of the pinned release and of the pinned npm package', async () => {
  await using folder = await temporaryFolder();
  const { archive, npmTarball, pins } = await tinyRelease(folder.path);
  for (const [file, kind] of [
    [archive, 'release'],
    [npmTarball, 'npm'],
  ] as const) {
    const given = await openGivenSource(file, pins);
    assert.is(given.kind === 'archive' ? given.pinned?.kind : undefined, kind);
  }
});

run('takes another archive by its content', async () => {
  await using folder = await temporaryFolder();
  const { pins } = await tinyRelease(folder.path);
  await makeTinyWhisper(folder.join('mine'), { parts: 3 });
  await packTiny(folder.join('mine'), folder.join('mine.tar.gz'));
  const given = await openGivenSource(folder.join('mine.tar.gz'), pins);
  assert.is(given.kind === 'archive' ? given.pinned : 'tree', undefined);
  assert.match(given.digest, /^sha256:[0-9a-f]{64}$/u);
});

run('refuses a directory that is not whisper.cpp', async () => {
  await using folder = await temporaryFolder();
  const { pins } = await tinyRelease(folder.path);
  await mkdir(folder.join('llama'));
  await writeFile(folder.join('llama/CMakeLists.txt'), 'project("llama.cpp")');
  const error = await rejects(openGivenSource(folder.join('llama'), pins), /not the source of whisper\.cpp/u);
  assert.is(error['code'], 'STT_SOURCE_WRONG');
  assert.is(error['exitCode'], 65);
});

run('says when there is nothing to read', async () => {
  await using folder = await temporaryFolder();
  const { pins } = await tinyRelease(folder.path);
  for (const place of [folder.join('nowhere'), '/dev/null']) {
    const error = await rejects(openGivenSource(place, pins), /cannot be read/u);
    assert.is(error['exitCode'], 66);
  }
});

run('says in plain words that a URL or nothing at all is no source', async () => {
  await using folder = await temporaryFolder();
  const { pins } = await tinyRelease(folder.path);
  await rejects(openGivenSource('https://host.example/a.tar.gz', pins), /it is a URL; download it first/u);
  assert.is((await rejects(openGivenSource('', pins), /it is empty/u))['exitCode'], 66);
});

run('says in plain words that a file is no .tar.gz', async () => {
  await using folder = await temporaryFolder();
  const { pins } = await tinyRelease(folder.path);
  for (const start of ['\uFFFD7zXZ', 'only text', '']) {
    await writeFile(folder.join('file'), start);
    const error = await rejects(openGivenSource(folder.join('file'), pins), /is not a \.tar\.gz archive/u);
    assert.is(error['exitCode'], 65);
  }
});

run.run();
