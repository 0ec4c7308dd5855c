/** Several engines side by side: listed, and switched between. */
import { mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { DataPaths } from '../../config/data-paths.ts';
import { processStart } from '../../process-start.ts';
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
} from './testing/script-engine.ts';

const run = suite('switch of engines');

const use = (paths: DataPaths, wanted: string) =>
  switchEngine({ ...benchOptions(), paths, wanted, say: () => undefined });

const inUse = async (paths: DataPaths): Promise<string> => path.basename(await realpath(paths.whisperCpp));

run('takes the newest complete engine of a backend, or one by its name', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  await placeScriptEngine(paths, 'cpu-1.0-00000001', { proof: someProof('CPU') });
  await placeScriptEngine(paths, 'cuda-1.0-00000002', { builtAt: '2026-03-01T00:00:00.000Z' }, { script: onCuda });
  await placeScriptEngine(paths, 'cuda-1.1-00000003', { builtAt: '2026-02-01T00:00:00.000Z' }, { script: onCuda });
  // The newest of all, and half.
  const half = await placeScriptEngine(paths, 'cuda-1.2-00000004', { builtAt: '2026-04-01T00:00:00.000Z' });
  await rm(path.join(half, 'build/bin/whisper-cli'));

  assert.is((await use(paths, 'cuda')).wasInUse, false);
  assert.is(await inUse(paths), 'cuda-1.0-00000002');
  await use(paths, 'cuda-1.1-00000003');
  assert.is(await inUse(paths), 'cuda-1.1-00000003');
  await use(paths, 'cpu');
  assert.is(await inUse(paths), 'cpu-1.0-00000001');
  assert.is((await use(paths, 'cpu')).wasInUse, true);
  assert.equal(await readdir(paths.folder), ['engines', 'whisper']);
});

run('tries one that was never tried, writes down the proof, and does not try it again', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  const engine = await placeScriptEngine(paths, 'cuda-1.0-00000002', {}, { script: onCuda });
  await use(paths, 'cuda');
  const record = JSON.parse(await readFile(path.join(engine, 'engine.json'), 'utf8')) as { proof: { device: string } };
  assert.is(record.proof.device, 'CUDA0');
  const runs = await runsOf(path.join(engine, 'build/bin/whisper-cli'));
  await use(paths, 'cuda');
  assert.equal(await runsOf(path.join(engine, 'build/bin/whisper-cli')), runs);
});

run('leaves the engine in use where the other one does not work here, or does not start any more', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  await placeScriptEngine(paths, 'cpu-1.0-00000001', { proof: someProof('CPU') });
  await use(paths, 'cpu');
  await placeScriptEngine(paths, 'cuda-1.0-00000002', {}, { script: withoutDriver });
  const error = await rejects(use(paths, 'cuda'), /for cuda works on the processor alone/u);
  assert.is(error['exitCode'], 69);
  assert.is(await inUse(paths), 'cpu-1.0-00000001');

  const gone = await placeScriptEngine(paths, 'vulkan-1.0-00000003', { proof: someProof('Vulkan0') });
  await writeFile(path.join(gone, 'build/bin/whisper-cli'), '#!/bin/sh\necho "libvulkan.so.1: not found"; exit 127\n');
  await rejects(use(paths, 'vulkan'), /does not start any more: exit code 127\nlibvulkan/u);
  assert.is(await inUse(paths), 'cpu-1.0-00000001');
});

run('says what there is where there is no such engine', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  const refusal = async (wanted: string, message: RegExp): Promise<string> => {
    const error = await rejects(use(paths, wanted), message);
    assert.equal([error['code'], error['exitCode']], ['STT_ENGINE_UNKNOWN', 2]);
    return String(error['hint']);
  };
  assert.match(await refusal('cuda', /no engine for cuda/u), /stt setup --backend cuda".*none yet/u);
  await rejects(readdir(paths.folder), /ENOENT/u);
  await placeScriptEngine(paths, 'cpu-1.0-00000001');
  assert.match(await refusal('cudda', /no engine "cudda"/u), /cpu, cuda, .*cpu-1\.0-00000001/u);
  const half = await placeScriptEngine(paths, 'vulkan-1.0-00000003');
  await rm(path.join(half, 'engine.json'));
  assert.match(await refusal('vulkan', /vulkan-1\.0-00000003 is unfinished/u), /stt setup --backend vulkan/u);
  assert.match(await refusal('../engines', /no engine/u), /cpu-1\.0-00000001/u);
});

run('is refused while a set-up runs, and where the link cannot take its place', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  await placeScriptEngine(paths, 'cpu-1.0-00000001', { proof: someProof('CPU') });
  const lock = path.join(paths.folder, 'setup.lock');
  await writeFile(lock, JSON.stringify({ pid: process.ppid, start: processStart(process.ppid), since: 'today' }));
  assert.is((await rejects(use(paths, 'cpu'), /process \d+, since today/u))['exitCode'], 75);
  await rm(lock);
  await mkdir(path.join(paths.whisperCpp, 'mine'), { recursive: true });
  const error = await rejects(use(paths, 'cpu'), /is a directory of its own/u);
  assert.equal([error['code'], error['exitCode']], ['STT_ENGINE_LINK', 78]);
  assert.match(String(error['hint']), /^Move it away/u);
});

run('lists engines with their state: the newest first, halves last', async () => {
  await using folder = await temporaryFolder();
  const paths = emptyData(folder);
  assert.equal(await listEngines(paths), []);
  const variant = { name: 'openblas', seconds: { plain: 2, openblas: 1 } };
  await placeScriptEngine(paths, 'cpu-1.0-00000001', { variant, proof: { ...someProof('CPU'), devices: ['None'] } });
  await placeScriptEngine(paths, 'vulkan-1.0-00000002', { builtAt: '2026-05-01T00:00:00.000Z' });
  const damaged = await placeScriptEngine(paths, 'cuda-1.0-00000003', { proof: someProof('CUDA0') });
  await rm(path.join(damaged, 'build'), { recursive: true });
  const half = await placeScriptEngine(paths, 'cuda-1.1-00000004');
  await rm(path.join(half, 'engine.json'));
  await mkdir(path.join(paths.engines, 'cuda-1.2-00000005'));
  for (const other of ['my-own-things', '.staging-1']) await mkdir(path.join(paths.engines, other));
  await mkdir(path.dirname(paths.whisperCpp));
  await symlink('../engines/cpu-1.0-00000001', paths.whisperCpp);

  const listed = await listEngines(paths);
  assert.equal(
    listed.map(({ name, state, isInUse }) => [name, state, isInUse]),
    [
      ['vulkan-1.0-00000002', 'unproven', false],
      ['cpu-1.0-00000001', 'proven', true],
      ['cuda-1.0-00000003', 'damaged', false],
      ['cuda-1.1-00000004', 'unfinished', false],
      ['cuda-1.2-00000005', 'unfinished', false],
    ],
  );
  const { folder: _, name: __, ...cpu } = listed[1] ?? {};
  assert.equal(cpu, {
    state: 'proven',
    isInUse: true,
    backend: 'cpu',
    version: '1.0',
    source: 'whisper.cpp 1.0 (release v1)',
    builtAt: '2026-01-01T00:00:00.000Z',
    variant: 'openblas',
    device: 'CPU',
    devices: ['None'],
    model: 'medium',
    speed: 3,
  });
});

run.run();
