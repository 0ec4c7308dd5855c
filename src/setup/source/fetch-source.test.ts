import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../../test/support/fake-programs.ts';
import { fileServer } from '../../../test/support/file-server.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { tinyRelease } from '../../../test/support/tiny-whisper.ts';
import { systemClock } from '../../clock.ts';
import { describeSource } from '../engines/engine-record.ts';
import { fetchSource, type FetchOptions } from './fetch-source.ts';
import { unpack } from './unpack.ts';
import { type Pins, readPins } from '../whisper-data.ts';
import { findWhisperTree } from './whisper-tree.ts';

const run = suite('fetchSource');

const closedPort = 'http://127.0.0.1:1/nothing.tar.gz';

const optionsFor = (folder: TemporaryFolder, pins: Pins, releaseUrl?: string): FetchOptions & { said: string[] } => {
  const said: string[] = [];
  return {
    pins,
    releaseUrl: releaseUrl ?? closedPort,
    cacheFolder: folder.join('cache'),
    clock: systemClock,
    signal: new AbortController().signal,
    say: (line) => said.push(line),
    said,
  };
};

run('brings the release, and needs no network for it the next time', async () => {
  await using folder = await temporaryFolder();
  const { archive, pins } = await tinyRelease(folder.path);
  const bytes = await readFile(archive);
  await using server = await fileServer((_request, response) => response.end(bytes));
  const options = optionsFor(folder, pins, server.url);
  const { file, source } = await fetchSource(options);
  assert.equal(await readFile(file), bytes);
  assert.is(describeSource(source), 'whisper.cpp 9.9.9 (release v9.9.9, commit 0123456)');
  await fetchSource({ ...options, releaseUrl: closedPort });
  assert.is(server.requests.length, 1);
});

run('takes the npm package where the release cannot be reached, and says why', async () => {
  await using folder = await temporaryFolder();
  const { npmTarball, pins } = await tinyRelease(folder.path);
  await using programs = await fakePrograms({ npm: `/bin/cp '${npmTarball}' .` });
  await using page = await fileServer((_request, response) => response.end('<html>Log in</html>'));
  const options = optionsFor(folder, pins, page.url);
  const { source } = await fetchSource(options);
  assert.is(source.kind, 'npm');
  assert.equal(options.said, [
    'The release cannot be fetched (a web page came instead of the file). ' +
      'Instead: whisper.cpp 9.9.8 (npm package tiny-whisper 1.0.0).',
  ]);
  await fetchSource(options);
  const calls = await programs.calls();
  assert.is(calls.length, 1);
  assert.match(calls[0] ?? '', /^npm pack tiny-whisper@1\.0\.0 --ignore-scripts/u);
});

run('brings the pinned npm package from the real registry, with the whisper.cpp it is pinned for', async () => {
  await using folder = await temporaryFolder();
  const pins = readPins();
  const { file, source } = await fetchSource(optionsFor(folder, pins));
  await mkdir(folder.join('out'));
  await unpack(file, folder.join('out'));
  const tree = await findWhisperTree(folder.join('out'));
  assert.equal(tree, { folder: folder.join('out/package/cpp/whisper.cpp'), version: pins.npm.version });
  assert.is(describeSource(source), 'whisper.cpp 1.9.1 (npm package nodejs-whisper 0.3.1)');
});

run('refuses an npm package that is not the pinned one, and keeps nothing of it', async () => {
  await using folder = await temporaryFolder();
  const { archive, pins } = await tinyRelease(folder.path);
  await using _ = await fakePrograms({ npm: `/bin/cp '${archive}' ./tiny-whisper-1.0.0.tgz` });
  const options = optionsFor(folder, pins);
  const error = await rejects(fetchSource(options), /not the one that is pinned/u);
  assert.is(error['code'], 'STT_DOWNLOAD_WRONG');
  assert.is(error['exitCode'], 65);
  assert.equal(await readdir(options.cacheFolder), []);
});

run('refuses a release with other bytes, without falling back', async () => {
  await using folder = await temporaryFolder();
  const { npmTarball, pins } = await tinyRelease(folder.path);
  const other = await readFile(npmTarball);
  await using server = await fileServer((_request, response) => response.end(other));
  await using programs = await fakePrograms({ npm: `/bin/cp '${npmTarball}' .` });
  const options = optionsFor(folder, pins, server.url);
  const error = await rejects(fetchSource(options), /its SHA-256 differs/u);
  assert.is(error['exitCode'], 65);
  assert.equal(await readdir(options.cacheFolder), []);
  assert.equal(await programs.calls(), []);
});

run('does not trust an archive in the cache that is damaged', async () => {
  await using folder = await temporaryFolder();
  const { npmTarball, pins } = await tinyRelease(folder.path);
  await using programs = await fakePrograms({ npm: `/bin/cp '${npmTarball}' .` });
  const options = optionsFor(folder, pins);
  await mkdir(options.cacheFolder);
  await writeFile(path.join(options.cacheFolder, 'tiny-whisper-1.0.0.tgz'), 'cut');
  const { file } = await fetchSource(options);
  assert.equal(await readFile(file), await readFile(npmTarball));
  assert.is((await programs.calls()).length, 1);
});

run('names both reasons, and --source, where neither can be reached', async () => {
  await using folder = await temporaryFolder();
  const { pins } = await tinyRelease(folder.path);
  await using _ = await fakePrograms({ npm: 'echo "npm error code ENOTFOUND" >&2; exit 1' });
  const error = await rejects(fetchSource(optionsFor(folder, pins)), /ECONNREFUSED.*npm pack: ENOTFOUND/u);
  assert.is(error['code'], 'STT_SOURCE_UNREACHABLE');
  assert.match(String(error['hint']), '--source');
  assert.is(error['exitCode'], 69);
});

run('says so where there is no npm', async () => {
  await using folder = await temporaryFolder();
  const { pins } = await tinyRelease(folder.path);
  await using _ = await fakePrograms({}, true);
  await rejects(fetchSource(optionsFor(folder, pins)), /there is no npm/u);
});

run.run();
