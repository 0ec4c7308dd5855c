/** Set-up where something of an engine is damaged, or a source brings names that are set-up's own. */
import { access, chmod, mkdir, readdir, readFile, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../../test/support/fake-programs.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { makeTinyWhisper, packTiny, tinySetupRequest } from '../../../test/support/tiny-whisper.ts';
import { makeEngine } from './make-engine.ts';
import type { SetupRequest } from '../setup-request.ts';
import { findWantedEngine } from './wanted-engine.ts';

const run = suite('damaged engine');

/** Tiny engines look into no model. */
const model = { name: 'medium', file: '/models/ggml-medium.bin', sha256: 'a'.repeat(64) };

async function setUp(request: SetupRequest): Promise<{ engineFolder: string; isBuilt: boolean; version: string }> {
  const { engine, logFile } = await makeEngine(request, await findWantedEngine(request), model);
  return { engineFolder: engine.folder, isBuilt: logFile !== undefined, version: engine.record.source.version };
}

async function damageSource(engineFolder: string): Promise<void> {
  await rm(path.join(engineFolder, 'cli.c'));
  await rm(path.join(engineFolder, 'build'), { recursive: true });
}

run('gets its source anew when a build from what is left of it has failed', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  await damageSource((await setUp(request)).engineFolder);
  await rm(request.paths.whisperCpp);
  await rejects(setUp(request), /could not be/u);
  await setUp(request);
  await access(request.paths.whisperCli);
});

run('is swept by force, and built from a new source', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  const { engineFolder } = await setUp(request);
  await damageSource(engineFolder);
  await rm(request.paths.whisperCpp);
  assert.is((await setUp({ ...request, isForced: true })).engineFolder, engineFolder);
  assert.equal(await readdir(request.paths.engines), [path.basename(engineFolder)]);
});

run('is not up to date where a program in it is empty or may not be executed', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  let { engineFolder } = await setUp(request);
  const damages = {
    'whisper-cli': (file: string) => chmod(file, 0o644),
    'whisper-bench': (file: string) => truncate(file),
  };
  for (const [name, damage] of Object.entries(damages)) {
    await damage(path.join(engineFolder, 'build/bin', name));
    const again = await setUp(request);
    assert.is(again.isBuilt, true, name);
    assert.is((await setUp(request)).isBuilt, false, name);
    ({ engineFolder } = again);
  }
});

run('stays as it is where it is in use, and the build that should replace it fails', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  const { engineFolder } = await setUp(request);
  await rm(path.join(engineFolder, 'build/bin/whisper-bench'));
  await using programs = await fakePrograms({ cmake: 'case "$1" in --version) ;; *) exit 1;; esac' });
  await rejects(setUp(request), /could not be configured/u);
  assert.ok((await programs.calls()).length > 0);
  await programs[Symbol.asyncDispose]();
  await access(request.paths.whisperCli);
  const { engineFolder: mended } = await setUp(request);
  assert.equal(await readdir(request.paths.engines), [path.basename(mended)]);
});

run('is built where the source brings a build and records of its own', async () => {
  await using folder = await temporaryFolder();
  const tree = folder.join('strange');
  await makeTinyWhisper(tree, { version: '3.3' });
  await mkdir(path.join(tree, 'source.json'));
  await writeFile(path.join(tree, 'engine.json'), '{}');
  await mkdir(path.join(tree, 'build'));
  await writeFile(path.join(tree, 'build/CMakeCache.txt'), 'CMAKE_GENERATOR:INTERNAL=No Such Generator\n');
  await packTiny(tree, folder.join('strange.tar.gz'));
  const request = await tinySetupRequest(folder, { source: folder.join('strange.tar.gz') });
  assert.is((await setUp(request)).version, '3.3');
  assert.not.match(request.said.join('\n'), /interrupted/u);
});

run('does not stand in the way of others where its record is a directory', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  await mkdir(path.join(request.paths.engines, 'cpu-1.0-01234567/source.json'), { recursive: true });
  await mkdir(path.join(request.paths.engines, 'cpu-1.0-01234567/engine.json'));
  assert.is((await setUp(request)).isBuilt, true);
});

run('is reached where the folder of the link is itself a link to another disk', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  await mkdir(folder.join('other/disk/whisper'), { recursive: true });
  await mkdir(request.paths.folder);
  await symlink(folder.join('other/disk/whisper'), path.dirname(request.paths.whisperCpp));
  const { engineFolder } = await setUp(request);
  assert.is(await realpath(request.paths.whisperCpp), await realpath(engineFolder));
  await access(request.paths.whisperCli);
});

run('is not built again by a set-up that waited while another built it', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  const wanted = await findWantedEngine(request);
  const first = await makeEngine(request, wanted, model);
  const second = await makeEngine(request, wanted, model);
  assert.is(second.logFile, undefined);
  assert.is(second.engine.folder, first.engine.folder);
  assert.match(await readFile(first.logFile ?? '', 'utf8'), /cmake/u);
  assert.is((await readdir(request.paths.logs)).length, 1);
});

run.run();
