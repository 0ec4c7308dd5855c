import { access, mkdir, readdir, readFile, readlink, realpath, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { fakePrograms } from '../../test/support/fake-programs.ts';
import { type FileServer, fileServer } from '../../test/support/file-server.ts';
import { rejects } from '../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import {
  makeTinyWhisper,
  packTiny,
  type TinyOptions,
  tinySetupRequest,
  type TinySetupRequest,
} from '../../test/support/tiny-whisper.ts';
import { dataPaths } from '../config/data-paths.ts';
import { processStart } from '../process-start.ts';
import { describeSetup } from './describe-setup.ts';
import { runSetup } from './run-setup.ts';
import type { SetupRequest } from './setup-request.ts';

const run = suite('runSetup');

async function tinyFolder(folder: TemporaryFolder, name: string, options: TinyOptions): Promise<string> {
  await makeTinyWhisper(folder.join(name), options);
  return folder.join(name);
}

/** Serves the release that the request would be given. */
async function releaseServer(request: TinySetupRequest): Promise<FileServer> {
  const bytes = await readFile(request.source ?? '');
  return fileServer((_request, response) => response.end(bytes));
}

const fetching = (request: TinySetupRequest, server: FileServer): TinySetupRequest => ({
  ...request,
  source: undefined,
  releaseUrl: server.url,
});

const engineNames = async (request: SetupRequest): Promise<string[]> =>
  (await readdir(request.paths.engines)).toSorted();

run('fetches the release, builds it, and puts it where whisper-cli is expected', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  await using server = await releaseServer(request);
  const report = await runSetup(fetching(request, server));
  assert.is(report.isBuilt, true);
  assert.is(report.source, 'whisper.cpp 9.9.9 (release v9.9.9, commit 0123456)');
  await access(request.paths.whisperCli);
  assert.is(await realpath(request.paths.whisperCpp), await realpath(report.engineFolder));
  assert.is(path.isAbsolute(await readlink(request.paths.whisperCpp)), false);
  assert.match(path.basename(report.engineFolder), /^cpu-9\.9\.9-[0-9a-f]{8}$/u);
  const record = JSON.parse(await readFile(path.join(report.engineFolder, 'engine.json'), 'utf8')) as object;
  assert.is((record as { backend: string }).backend, 'cpu');
  assert.match(await readFile(report.logFile ?? '', 'utf8'), /\[100%\]/u);
});

run('does nothing the second time, without the network', async () => {
  await using folder = await temporaryFolder();
  const given = await tinySetupRequest(folder);
  const server = await releaseServer(given);
  const request = fetching(given, server);
  await runSetup(request);
  await server[Symbol.asyncDispose]();
  const again = await runSetup(request);
  assert.is(again.isBuilt, false);
  assert.is(again.logFile, undefined);
  assert.is(again.isUnchanged, true);
});

run('builds again for another definition or another source, and keeps the engine it had', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  const first = await runSetup(request);
  const second = await runSetup({ ...request, definitions: ['CMAKE_BUILD_TYPE=Debug'] });
  assert.is(second.isBuilt, true);
  assert.is.not(second.engineFolder, first.engineFolder);

  const newer = await tinyFolder(folder, 'newer', { version: '10.0' });
  const third = await runSetup({ ...request, source: newer });
  assert.is(third.version, '10.0');
  assert.is((await engineNames(request)).length, 3);
  assert.is(await realpath(request.paths.whisperCpp), await realpath(third.engineFolder));

  // Where nothing is said of a source, one of the person's own stays.
  const kept = await runSetup({ ...request, backend: undefined, source: undefined });
  assert.is(kept.engineFolder, third.engineFolder);

  const back = await runSetup(request);
  assert.is(back.isBuilt, false);
  assert.is(await realpath(request.paths.whisperCpp), await realpath(first.engineFolder));
});

run('goes on where it was interrupted, and compiles nothing twice', async () => {
  await using folder = await temporaryFolder();
  const reached = folder.join('reached');
  const launcher = folder.join('launcher.sh');
  // The third file is never finished while the gate is shut.
  await writeFile(
    launcher,
    `#!/bin/sh
case "$*" in *part2.c*) if [ ! -e '${folder.join('gate')}' ]; then touch '${reached}'; sleep 60; fi;; esac
exec "$@"
`,
    { mode: 0o755 },
  );
  const stopper = new AbortController();
  const request = await tinySetupRequest(folder, {
    source: await tinyFolder(folder, 'given', { parts: 4 }),
    definitions: [`CMAKE_C_COMPILER_LAUNCHER=${launcher}`],
    jobs: 1,
    signal: stopper.signal,
  });
  const interrupted = runSetup(request);
  const failed = rejects(interrupted, /interrupted/u);
  await eventually(() => stat(reached).catch(() => undefined), 'the third file is being compiled', 60_000);
  stopper.abort(new Error('Ctrl-C'));
  const error = await failed;
  assert.is(error['exitCode'], 130);
  assert.match(String(error['hint']), 'goes on where it stopped');

  const [name = ''] = await engineNames(request);
  const objects = path.join(request.paths.engines, name, 'build/CMakeFiles/whisper-cli.dir');
  const finished = (await readdir(objects)).filter((file) => file.endsWith('.o'));
  assert.ok(finished.length > 0 && finished.length < 5, `${finished.length} of 5 files are compiled`);
  const times = async (): Promise<number[]> =>
    Promise.all(finished.map(async (file) => (await stat(path.join(objects, file))).mtimeMs));
  const before = await times();

  await writeFile(folder.join('gate'), '');
  const report = await runSetup({ ...request, signal: new AbortController().signal });
  assert.is(path.basename(report.engineFolder), name);
  assert.equal(await times(), before);
  await access(request.paths.whisperCli);
});

run('begins again where an interrupted build is beyond repair', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  const { engineFolder } = await runSetup(request);
  await rm(request.paths.whisperCpp);
  await writeFile(path.join(engineFolder, 'engine.json'), '{"cut');
  await writeFile(path.join(engineFolder, 'build/CMakeCache.txt'), 'CMAKE_GENERATOR:INTERNAL=No Such Generator\n');
  const report = await runSetup(request);
  assert.is(report.engineFolder, engineFolder);
  assert.match(request.said.join('\n'), /cannot go on; it begins again/u);
});

run('leaves the engine in use alone when a build fails, and shows the end of the log', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  const good = await runSetup(request);
  const broken = await tinyFolder(folder, 'broken', { main: 'this is not C;' });
  const error = await rejects(runSetup({ ...request, source: broken }), /could not be built[\s\S]*cli\.c.*error/u);
  assert.is(error['code'], 'STT_BUILD_FAILED');
  const log = /\/\S+\.log/u.exec(String(error['hint']))?.[0] ?? '';
  assert.match(await readFile(log, 'utf8'), /cli\.c/u);
  assert.is(await realpath(request.paths.whisperCpp), await realpath(good.engineFolder));
  assert.is((await runSetup(request)).isBuilt, false);
});

run('does not use an engine that was built but does not start', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder, {
    source: await tinyFolder(folder, 'broken', { main: '__builtin_trap();' }),
  });
  const error = await rejects(runSetup(request), /does not start \(killed by/u);
  assert.is(error['code'], 'STT_ENGINE_BROKEN');
  await rejects(access(request.paths.whisperCli), /ENOENT/u);
});

run('builds again by force, and takes the place of the same engine only when that is done', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  const first = await runSetup(request);
  const second = await runSetup({ ...request, isForced: true });
  assert.is(second.isBuilt, true);
  assert.is(second.engineFolder, `${first.engineFolder}-2`);
  assert.equal(await engineNames(request), [path.basename(second.engineFolder)]);
  await access(request.paths.whisperCli);
  assert.is((await runSetup(request)).isBuilt, false);
});

run('counts the npm package as up to date, until the release is wanted by force', async () => {
  await using folder = await temporaryFolder();
  const given = await tinySetupRequest(folder);
  await using _ = await fakePrograms({ npm: `/bin/cp '${folder.join('tiny/npm.tgz')}' .` });
  const request = { ...given, source: undefined };
  assert.is((await runSetup(request)).source, 'whisper.cpp 9.9.8 (npm package tiny-whisper 1.0.0)');
  assert.match(given.said.join('\n'), 'Instead: whisper.cpp 9.9.8');
  assert.is((await runSetup(request)).isBuilt, false);

  await using server = await releaseServer(given);
  assert.is((await runSetup({ ...fetching(given, server), isForced: true })).version, '9.9.9');
});

run('builds a given directory again when a file in it changed, and says when that is no pinned source', async () => {
  await using folder = await temporaryFolder();
  const given = await tinyFolder(folder, 'given', { version: '7.1' });
  const request = await tinySetupRequest(folder, { source: given });
  const report = await runSetup(request);
  assert.is(report.source, `whisper.cpp 7.1 (${given}, not a pinned source)`);
  assert.is((await runSetup(request)).isBuilt, false);

  await writeFile(path.join(given, 'other.c'), 'int main(void) { return 0; } /* changed */\n');
  assert.is((await runSetup(request)).isBuilt, true);
});

run('refuses an archive of something else, and leaves nothing of it', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('llama'));
  await writeFile(folder.join('llama/CMakeLists.txt'), 'project("llama.cpp")');
  await packTiny(folder.join('llama'), folder.join('llama.tar.gz'));
  const request = await tinySetupRequest(folder, { source: folder.join('llama.tar.gz') });
  const error = await rejects(runSetup(request), /not the source of whisper\.cpp/u);
  assert.is(error['exitCode'], 65);
  assert.equal(await engineNames(request), []);
});

run('sweeps the halves of an interrupted set-up, and nothing else', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  const place = (name: string): string => path.join(request.paths.engines, name);
  for (const name of ['cpu-1.0-01234567', '.staging-1', 'my-own-things']) await mkdir(place(name), { recursive: true });
  await runSetup(request);
  assert.equal(
    (await engineNames(request)).filter((name) => !name.startsWith('cpu-9')),
    ['my-own-things'],
  );
});

run('tells who holds the lock, and leaves it', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  const lock = path.join(request.paths.folder, 'setup.lock');
  await mkdir(request.paths.folder);
  const start = processStart(process.ppid);
  await writeFile(lock, JSON.stringify({ pid: process.ppid, start, since: 'today' }));
  const error = await rejects(runSetup(request), new RegExp(`process ${process.ppid}`, 'u'));
  assert.is(error['exitCode'], 75);
  await access(lock);
});

run('does not replace a directory of the user that stands where the link goes', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  await mkdir(request.paths.whisperCpp, { recursive: true });
  const error = await rejects(runSetup(request), /is a directory of its own/u);
  assert.is(error['code'], 'STT_ENGINE_LINK');
  assert.is(error['exitCode'], 78);
  assert.equal(await readdir(path.dirname(request.paths.whisperCpp)), ['whisper.cpp']);
});

run('says what to do where it cannot write', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('data'), 'a file');
  const blocked = await rejects(runSetup(await tinySetupRequest(folder)), /could not be read or written/u);
  assert.is(blocked['exitCode'], 74);
  assert.match(String(blocked['hint']), 'STT_DATA_DIR');
  if (process.platform !== 'linux') return;
  // Nobody, not even root, makes directories there.
  const forbidden = await rejects(
    runSetup({ ...(await tinySetupRequest(folder)), paths: dataPaths('/sys/stt') }),
    /Nothing can be written/u,
  );
  assert.ok([74, 77].includes(Number(forbidden['exitCode'])));
});

run('says what is in the way, also in a dry run, and before anything is built', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder, { model: { kind: 'named', name: 'demo-digits' } });
  const engines = request.paths.engines;
  await mkdir(request.paths.folder);
  await writeFile(engines, 'a file');
  for (const attempt of [runSetup, describeSetup]) {
    const error = await rejects(attempt(request), /could not be read or written: ENOTDIR/u);
    assert.is(error['exitCode'], 74);
  }
  await rm(engines);
  await mkdir(path.join(request.paths.models, 'ggml-demo-digits.bin'), { recursive: true });
  const error = await rejects(runSetup(request), /ggml-demo-digits\.bin is a directory/u);
  assert.is(error['exitCode'], 78);
  await rejects(access(engines), /ENOENT/u);
});

run('tells that a data folder may be mounted noexec where the engine may not be executed', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  await using _ = await fakePrograms({
    cmake: `[ "$1" != --build ] || { /bin/mkdir -p "$2/bin"; for n in cli server bench; do echo x > "$2/bin/whisper-$n"; done; }`,
  });
  const error = await rejects(runSetup(request), /may not be executed/u);
  assert.is(error['code'], 'STT_ENGINE_BROKEN');
  assert.match(String(error['hint']), 'noexec');
});

run('tells a full disk from a broken build', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  await using _ = await fakePrograms({
    cmake: 'case "$1" in --version) exit 0;; esac; echo "ld: final link failed: No space left on device" >&2; exit 1',
  });
  const error = await rejects(runSetup(request), /could not be configured/u);
  assert.is(error['exitCode'], 74);
  assert.match(String(error['hint']), 'Make room');
});

run('fails before anything is fetched where the compiler is missing and packages are not wanted', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder);
  await using server = await releaseServer(request);
  const fake = { ffmpeg: '', ffprobe: '', cmake: '', ninja: '', cc: '', 'apt-get': '' };
  await using _ = await fakePrograms(fake, true);
  const error = await rejects(runSetup(fetching(request, server)), /C\+\+ compiler; --no-p/u);
  assert.is(error['exitCode'], 69);
  assert.is(server.requests.length, 0);
});

run('unpacks the bundled model where it is asked to', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder, { model: { kind: 'named', name: 'demo-digits' } });
  const { model } = await runSetup(request);
  assert.is(model?.file, path.join(request.paths.models, 'ggml-demo-digits.bin'));
  assert.match(model?.purpose ?? '', 'for demo and tests only');
  await access(model?.file ?? '');
});

run('describes all it would do, and does none of it', async () => {
  await using folder = await temporaryFolder();
  const request = await tinySetupRequest(folder, {
    source: undefined,
    model: { kind: 'named', name: 'demo-digits' },
    definitions: ['GGML_NATIVE=OFF'],
    jobs: 3,
  });
  const steps = (await describeSetup(request)).join('\n');
  for (const part of [
    request.pins.release.url,
    'npm pack tiny-whisper@1.0.0',
    /^cmake -S \S*engines\/cpu-9\.9\.9-[0-9a-f]{8} .*-DGGML_NATIVE=OFF/mu,
    /^cmake --build .* --target whisper-cli whisper-server whisper-bench --parallel 3$/mu,
    /#   unpacked from .*ggml-demo-digits-q5_0\.bin\.gz/u,
  ]) {
    assert.match(steps, part);
  }
  await rejects(access(request.paths.folder), /ENOENT/u);
});

run.run();
