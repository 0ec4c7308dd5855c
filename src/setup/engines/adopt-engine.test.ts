import {
  access,
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findTestEngine } from '../../../test/support/engine.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { findEngine } from '../../engine/find-engine.ts';
import { adoptEngine, type AdoptRequest } from './adopt-engine.ts';
import type { EngineRecord } from './engine-record.ts';
import { sweepUseless } from './engine-store.ts';
import { findDroppedEngine, findGivenEngine } from './find-given-engine.ts';
import { listEngines } from './list-engines.ts';
import { switchEngine } from './switch-engine.ts';
import {
  benchOptions,
  emptyData,
  onCuda,
  placeScriptEngine,
  runsOf,
  someProof,
  withoutDriver,
  writeScriptEngine,
} from './testing/script-engine.ts';

const run = suite('adopted engine');

const adopt = (paths: DataPaths, given: string, more: Partial<AdoptRequest> = {}) =>
  adoptEngine({ ...benchOptions(), paths, given, say: () => undefined, ...more });

/** What an upstream release looks like when it is unpacked, among other things. */
async function release(folder: TemporaryFolder, script = onCuda): Promise<string> {
  const from = folder.join('Downloads/whisper-bin');
  await writeScriptEngine(path.join(from, 'whisper-cli'), { script, version: '1.8.4' });
  for (const name of ['libwhisper.so.1.8.4', 'ggml-cuda.dll', 'whisper-server', 'holiday.jpg', 'private.txt']) {
    await writeFile(path.join(from, name), name);
  }
  await symlink('libwhisper.so.1.8.4', path.join(from, 'libwhisper.so.1'));
  await symlink('gone', path.join(from, 'libgone.so'));
  return from;
}

run('is copied from a release with the libraries beside it, proven, and put to use', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  const given = await release(folder);
  const { engine, adoption } = await adopt(paths, given);
  assert.is(adoption, 'copied');
  assert.match(path.basename(engine.folder), /^adopted-1\.8\.4-[0-9a-f]{8}$/u);
  assert.equal((await readdir(path.join(engine.folder, 'build/bin'))).toSorted(), [
    'ggml-cuda.dll',
    'libwhisper.so.1',
    'libwhisper.so.1.8.4',
    'whisper-cli',
    'whisper-server',
  ]);
  assert.is(await realpath(paths.whisperCpp), await realpath(engine.folder));
  const record = JSON.parse(await readFile(path.join(engine.folder, 'engine.json'), 'utf8')) as EngineRecord;
  assert.equal([record.backend, record.proof?.device, record.source.kind], ['cuda', 'CUDA0', 'adopted']);
  assert.is(record.source.origin, path.join(given, 'whisper-cli'));
  assert.equal(await readdir(paths.folder), ['engines', 'whisper']);
  assert.equal(await readdir(paths.engines), [path.basename(engine.folder)]);
  // A build that follows must not take it for a half.
  await sweepUseless(paths, []);
  assert.equal(
    (await listEngines(paths)).map(({ state, isInUse }) => [state, isInUse]),
    [['proven', true]],
  );
});

run('is found by the worker, which then expects its GPU', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  await adopt(paths, path.join(await release(folder), 'whisper-cli'));
  await mkdir(paths.models);
  await writeFile(path.join(paths.models, 'ggml-medium.bin'), '');
  const settings = { whisperCli: undefined, model: 'medium', vadEnabled: undefined, vadModel: undefined };
  const { backend, provenDevice, expectsGpu } = await findEngine(settings, paths);
  assert.equal({ backend, provenDevice, expectsGpu }, { backend: 'cuda', provenDevice: 'CUDA0', expectsGpu: true });
});

run('stays where it is in a build tree, so that a new build there takes effect', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  const program = folder.join('whisper.cpp/build/bin/whisper-cli');
  await writeScriptEngine(program);
  await writeFile(folder.join('whisper.cpp/build/CMakeCache.txt'), '');
  const { engine, adoption } = await adopt(paths, folder.join('whisper.cpp'));
  assert.is(adoption, 'linked');
  assert.is(await readlink(path.join(engine.folder, 'build/bin/whisper-cli')), program);
  assert.match(path.basename(engine.folder), /^adopted-unknown-/u);
  assert.is(engine.record.backend, 'cpu');
});

run('is adopted again by itself, and switched to by its kind', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  const given = await release(folder);
  const first = await adopt(paths, given);
  const again = await adopt(paths, given);
  assert.is(again.engine.folder, first.engine.folder);
  assert.is((await readdir(paths.engines)).length, 1);
  await placeScriptEngine(paths, 'cpu-1.0-00000001', { proof: someProof('CPU') });
  const use = (wanted: string) => switchEngine({ ...benchOptions(), paths, wanted, say: () => undefined });
  await use('cpu');
  await use('adopted');
  assert.is(await realpath(paths.whisperCpp), await realpath(first.engine.folder));
});

run('is told at each start what this machine needs for its backend', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  const careful = { arguments: ['-nfa'], environment: {}, reasons: ['An old GPU.'] };
  const plain = { ...careful, arguments: [] };
  const runFor: AdoptRequest['runFor'] = (backend) => (backend === 'cuda' ? careful : plain);
  const given = await release(folder);
  const { engine } = await adopt(paths, given, { runFor });
  assert.equal(engine.record.run, careful);
  const runs = await runsOf(path.join(given, 'whisper-cli'));
  assert.equal(
    runs.map((line) => line.includes(' -nfa ')),
    [false, true, true],
  );
});

run('says where it was built for a GPU and cannot use it, and is adopted all the same', async () => {
  await using folder = await temporaryFolder();
  const said: string[] = [];
  const { engine } = await adopt(emptyData(folder), await release(folder, withoutDriver), {
    say: (line) => said.push(line),
  });
  assert.is(engine.record.backend, 'cpu');
  assert.match(said.join('\n'), /built for a GPU, and works on the processor alone: .*no CUDA-capable device/u);
});

/** A whisper.cpp that the ancestor's user built by hand, where this program has its link. */
async function dropped(paths: DataPaths, place = 'build/bin/whisper-cli', script = ''): Promise<void> {
  await writeScriptEngine(path.join(paths.whisperCpp, place), { script, version: '1.7.6' });
  await writeFile(path.join(paths.whisperCpp, 'notes.txt'), 'mine');
}

run('is found where it was dropped in place, and moved among the engines with all that lies there', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  assert.is(await findDroppedEngine(paths), undefined);
  await dropped(paths);
  assert.is(await findDroppedEngine(paths), paths.whisperCli);
  const { engine, adoption } = await adopt(paths, paths.whisperCpp);
  assert.is(adoption, 'moved');
  assert.ok((await lstat(paths.whisperCpp)).isSymbolicLink());
  await access(path.join(paths.whisperCpp, 'notes.txt'));
  await access(paths.whisperCli);
  assert.match(path.basename(engine.folder), /^adopted-1\.7\.6-/u);
  assert.is(await findDroppedEngine(paths), undefined);
});

run('is found behind a link of the user', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  await writeScriptEngine(folder.join('src/whisper.cpp/build/bin/whisper-cli'));
  await mkdir(path.dirname(paths.whisperCpp), { recursive: true });
  await symlink(folder.join('src/whisper.cpp'), paths.whisperCpp);
  assert.is(await findDroppedEngine(paths), paths.whisperCli);
  assert.is((await adopt(paths, paths.whisperCpp)).adoption, 'copied');
  await access(folder.join('src/whisper.cpp/build/bin/whisper-cli'));
});

run('changes nothing where it does not work', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  await placeScriptEngine(paths, 'cpu-1.0-00000001', { proof: someProof('CPU') });
  await mkdir(path.dirname(paths.whisperCpp), { recursive: true });
  await symlink('../engines/cpu-1.0-00000001', paths.whisperCpp);
  const given = await release(folder, 'exit 3');
  const error = await rejects(adopt(paths, given), /cannot transcribe the bundled sample/u);
  assert.is(error['code'], 'STT_ENGINE_BROKEN');
  await writeFile(path.join(given, 'whisper-cli'), '#!/bin/sh\necho "libwhisper.so.1: not found"; exit 127\n');
  const lacking = await rejects(adopt(paths, given), /does not start: exit code 127\nlibwhisper/u);
  assert.match(String(lacking['hint']), /libraries beside it|quarantine/u);
  assert.equal(await readdir(paths.engines), ['cpu-1.0-00000001']);
  assert.match(await realpath(paths.whisperCpp), /cpu-1\.0-00000001$/u);
});

run('leaves a dropped one in place where it does not work, or lies in no place of its own', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  await dropped(paths, undefined, 'exit 3');
  await rejects(adopt(paths, paths.whisperCpp), /cannot transcribe/u);
  assert.equal(await readdir(paths.whisperCpp), ['build', 'notes.txt']);

  await using other = await temporaryFolder();
  const otherPaths = emptyData(other);
  await dropped(otherPaths, 'whisper-cli');
  const error = await rejects(adopt(otherPaths, otherPaths.whisperCpp), /is a directory of its own/u);
  assert.equal([error['code'], error['hint']], ['STT_ENGINE_LINK', 'Move it away; then run "stt setup" again.']);
});

run('is refused where there is none, may not be executed, or is one of the engines already', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  const refusal = async (given: string, message: RegExp) => {
    const error = await rejects(adopt(paths, given), message);
    return [error['code'], error['exitCode']];
  };
  assert.equal(await refusal(folder.join('nowhere'), /is not there/u), ['STT_ADOPT_NOTHING', 66]);
  assert.equal(await refusal(folder.path, /no whisper-cli in/u), ['STT_ADOPT_NOTHING', 66]);
  await writeFile(folder.join('whisper-cli'), '');
  await chmod(folder.join('whisper-cli'), 0o644);
  assert.equal(await refusal(folder.path, /may not be executed/u), ['STT_ENGINE_MISSING', 78]);
  const own = await placeScriptEngine(paths, 'cpu-1.0-00000001');
  assert.equal(await refusal(own, /one of the engines here/u), ['STT_ADOPT_OWN', 2]);
});

run('is looked for where releases, cmake and installations put it', async () => {
  for (const place of ['whisper-cli', 'bin/whisper-cli', 'build/bin/whisper-cli', 'Release/whisper-cli']) {
    await using folder = await temporaryFolder();
    await writeScriptEngine(folder.join(place));
    assert.is(await findGivenEngine(folder.path), folder.join(place));
  }
});

const real = findTestEngine();
const withEngine = (title: string, test: () => Promise<void>): void =>
  real === undefined ? run.skip(title, test) : run(title, test);

withEngine('may be a real whisper-cli, of which the version is known', async () => {
  await using folder = await temporaryFolder();
  const { engine, adoption } = await adopt(emptyData(folder), real?.whisperCli ?? '', {
    model: { name: 'demo-digits', file: real?.model ?? '', sha256: '0' },
  });
  assert.match(engine.record.source.version, /^\d+\.\d+\.\d+$/u);
  assert.equal([adoption, engine.record.backend, engine.record.proof?.device], ['linked', 'cpu', 'CPU']);
});

run.run();
