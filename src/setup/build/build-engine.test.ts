import { appendFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../../test/support/fake-programs.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { buildEngine } from './build-engine.ts';
import { tinyBuild } from './testing/build-request.ts';

const run = suite('buildEngine');

run('goes on with what Ninja has noted, also where a clean folder is asked for', async () => {
  await using folder = await temporaryFolder();
  using request = await tinyBuild(folder, {}, { cleanBuild: true });
  assert.equal(await buildEngine(request), []);
  const object = folder.join('engine/build/CMakeFiles/whisper-cli.dir/part0.c.o');
  const firstTime = (await stat(object)).mtimeMs;
  await rm(folder.join('engine/build/bin/whisper-cli'));
  await buildEngine(request);
  assert.is((await stat(object)).mtimeMs, firstTime);
});

run('begins again where make may take a half for a whole, and a clean folder is asked for', async () => {
  await using folder = await temporaryFolder();
  await using _ = await fakePrograms({ ninja: 'exit 1' });
  for (const cleanBuild of [false, true]) {
    using request = await tinyBuild(folder, {}, { cleanBuild });
    await buildEngine(request);
    const stray = folder.join('engine/build/half');
    await writeFile(stray, 'cut in the mid');
    await buildEngine(request);
    const isThere = await stat(stray).then(
      () => true,
      () => false,
    );
    assert.is(isThere, !cleanBuild);
    assert.is(
      request.said.includes('What the interrupted build generated may be incomplete; it begins again.'),
      cleanBuild,
    );
  }
});

run('tells cmake where things lie on this machine', async () => {
  await using folder = await temporaryFolder();
  const plan = { definitions: { TINY: 'plan' }, targets: ['whisper-cli'] };
  using request = await tinyBuild(folder, {}, { plan, localDefinitions: { TINY: 'local', TINY_PLACE: '/opt/tiny' } });
  await buildEngine(request);
  const cache = await readFile(folder.join('engine/build/CMakeCache.txt'), 'utf8');
  assert.match(cache, /^TINY:.*=plan$/mu);
  assert.match(cache, /^TINY_PLACE:.*=\/opt\/tiny$/mu);
});

run('says what was missing, also where much was printed after that', async () => {
  await using folder = await temporaryFolder();
  const os = { platform: 'linux', id: 'fedora', like: [], version: '43', name: 'Fedora' } as const;
  using request = await tinyBuild(folder, {}, { os });
  const lines = [
    'message("a.cpp:1:10: fatal error: openvino/openvino.hpp: No such file or directory")',
    ...Array.from({ length: 60 }, (_, index) => `message("another compiler, line ${index}")`),
    'message(FATAL_ERROR "stopped")',
  ];
  await appendFile(folder.join('engine/CMakeLists.txt'), lines.join('\n'));
  const error = await rejects(buildEngine(request), /could not be configured.*openvino\/openvino\.hpp is missing/u);
  assert.match(String(error['hint']), /openvino/u);
  assert.match(String(error['hint']), folder.join('build.log'));
  assert.is(error['exitCode'], 69);
});

run.run();
