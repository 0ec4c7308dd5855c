import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { buildEngine } from './build-engine.ts';
import { pinnedOpenvino, provideEnvironment } from './openvino-python.ts';
import { findOpenvinoPackage, provideOpenvino, willDo } from './provide-openvino.ts';
import { tinyBuild } from './testing/build-request.ts';
import { fakePython, openvinoTest } from './testing/fake-python.ts';

const run = suite('provideOpenvino');

const pipCalls = (calls: string[]): string[] => calls.filter((call) => call.includes('pip install'));

/** What cmake needs of an OpenVINO. */
async function writePackage(folder: string, version: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const target = 'add_library(openvino::runtime INTERFACE IMPORTED)\nset(OpenVINO_Runtime_FOUND TRUE)\n';
  await writeFile(path.join(folder, 'OpenVINOConfig.cmake'), target);
  await writeFile(path.join(folder, 'OpenVINOConfigVersion.cmake'), `set(PACKAGE_VERSION ${version})\n`);
}

run('installs what is pinned into an environment of its own, once', async () => {
  await using folder = await temporaryFolder();
  await using python = await fakePython();
  using test = await openvinoTest(folder);
  const file = await provideEnvironment(test);
  assert.ok(file.startsWith(path.join(test.paths.folder, 'openvino-venv')));
  assert.equal((await python.calls()).slice(-2), [
    `python3 -m venv ${path.dirname(path.dirname(file))}`,
    `python3 -I -m pip install --no-input --disable-pip-version-check --progress-bar off -r ${path.resolve('whisper/openvino-requirements.txt')}`,
  ]);
  assert.match(await readFile(test.log.file, 'utf8'), 'Collecting torch');

  assert.is(await provideEnvironment(test), file);
  assert.is(pipCalls(await python.calls()).length, 1);
  assert.is(test.said.length, 1);
});

run('goes on with an interrupted installation, and begins again where that cannot be', async () => {
  await using folder = await temporaryFolder();
  await using python = await fakePython({
    // Whoever finds half an installation here fails.
    venv: 'if [ -e "$3/half" ]; then echo broken; exit 1; fi; mkdir -p "$3/bin"; cp "$0" "$3/bin/python"',
  });
  using test = await openvinoTest(folder);
  const environment = path.dirname(path.dirname(await provideEnvironment(test)));
  await rm(path.join(environment, 'complete'));
  await provideEnvironment(test);
  assert.not.match(test.said.join('\n'), 'begins again');

  await rm(path.join(environment, 'complete'));
  await writeFile(path.join(environment, 'half'), '');
  await provideEnvironment(test);
  assert.match(test.said.join('\n'), 'begins again');
  assert.is((await readdir(environment)).includes('half'), false);
  assert.is(pipCalls(await python.calls()).length, 3);
});

run('installs anew where the environment no longer works', async () => {
  await using folder = await temporaryFolder();
  await using python = await fakePython();
  using test = await openvinoTest(folder);
  const environment = path.dirname(path.dirname(await provideEnvironment(test)));
  await rm(path.join(environment, 'installed'));
  await provideEnvironment(test);
  assert.is(pipCalls(await python.calls()).length, 2);
});

run('stops when it is told to, and leaves nothing that counts as complete', async () => {
  await using folder = await temporaryFolder();
  const stopper = new AbortController();
  await using _ = await fakePython({ pip: 'echo "Collecting torch"; sleep 60' });
  using test = await openvinoTest(folder);
  let groups = 0;
  const onStart = (): void => {
    groups += 1;
    // The second program is pip.
    if (groups === 2) setImmediate(() => stopper.abort(new Error('Ctrl-C')));
  };
  await rejects(provideEnvironment({ ...test, signal: stopper.signal, onStart }), /Ctrl-C/u);
  const left = await readdir(path.join(test.paths.folder, 'openvino-venv'), { recursive: true });
  assert.is(
    left.some((name) => name.endsWith('complete')),
    false,
  );
});

run('says what to do where Python or the network is missing', async () => {
  await using folder = await temporaryFolder();
  using test = await openvinoTest(folder);
  const table: [options: Parameters<typeof fakePython>[0], message: RegExp, hint: RegExp, exitCode: number][] = [
    [{ version: '3.9' }, /needs Python 3\.10 to 3\.14; here is 3\.9/u, /venv/u, 69],
    [{ version: '3.15' }, /here is 3\.15/u, /python3/u, 69],
    [{ version: 'nonsense' }, /there is none/u, /python3/u, 69],
    [{ venv: 'echo "ensurepip is not available"; exit 1' }, /could not be installed/u, /python3-venv/u, 69],
    [{ pip: 'echo "Temporary failure in name resolution"; exit 1' }, /could not be installed/u, /HTTPS_PROXY/u, 69],
    [{ pip: 'echo "OSError: No space left on device"; exit 1' }, /could not be installed/u, /Make room/u, 74],
  ];
  for (const [options, message, hint, exitCode] of table) {
    await using _ = await fakePython(options);
    const error = await rejects(provideEnvironment(test), message);
    assert.match(String(error['hint']), hint);
    assert.is(error['exitCode'], exitCode);
  }
});

run('gives cmake the one from PyPI where there is no other, and an engine finds its libraries', async () => {
  await using folder = await temporaryFolder();
  await using _ = await fakePython();
  using test = await openvinoTest(folder);
  const definitions = await provideOpenvino(test, { given: {}, convertsEncoder: false });
  const cmake = definitions['OpenVINO_DIR'] ?? '';
  assert.is(definitions['CMAKE_BUILD_RPATH'], path.join(path.dirname(cmake), 'libs'));
  assert.equal(await readdir(test.paths.cache), []);

  // Real cmake, with what was found.
  await writePackage(cmake, '2025.4.1');
  const plan = { definitions: { WHISPER_OPENVINO: 'ON' }, targets: ['whisper-cli'] };
  using request = await tinyBuild(folder, {}, { plan, localDefinitions: definitions });
  await buildEngine(request);
});

run('takes the one that cmake finds, unless it is too old for what is converted', async () => {
  await using folder = await temporaryFolder();
  await using _ = await fakePython();
  using test = await openvinoTest(folder);
  const given = {};
  const place = folder.join('system/cmake');
  await writePackage(place, '2024.1.0');
  const found = await findOpenvinoPackage({ ...test, searchFolders: [place] });
  assert.equal(found, { version: '2024.1.0', folder: place });
  const systems = { ...test, searchFolders: [place] };
  assert.equal(await provideOpenvino(systems, { given, convertsEncoder: false }), { OpenVINO_DIR: place });
  assert.is.not((await provideOpenvino(systems, { given, convertsEncoder: true }))['OpenVINO_DIR'], place);
  assert.equal(await provideOpenvino(systems, { given: { OpenVINO_DIR: '/mine' }, convertsEncoder: true }), {});
});

run('compares versions by year and number', () => {
  assert.ok(willDo('2025.4.0', '2025.4.1'));
  assert.ok(willDo('2026.0.0', '2025.4.1'));
  assert.ok(willDo('2023.0.0', undefined));
  assert.not.ok(willDo('2025.3.9', '2025.4.1'));
  assert.not.ok(willDo('2024.6.0', '2025.4.1'));
  assert.match(pinnedOpenvino(), /^\d{4}\.\d+\.\d+$/u);
});

run.run();
