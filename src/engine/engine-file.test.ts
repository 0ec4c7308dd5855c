/** What set-up wrote beside an engine reaches whoever runs it, and what the user says wins. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { dataPaths } from '../config/data-paths.ts';
import { type Engine, type EngineSettings, findEngine } from './find-engine.ts';
import { proveEngine } from './prove-engine.ts';
import type { RunOptions } from './run-options.ts';

const run = suite('engine file');

const unset: EngineSettings = { whisperCli: undefined, model: 'medium', vadEnabled: undefined, vadModel: undefined };
const intel: RunOptions = {
  arguments: ['-nfa', '-oved', 'GPU'],
  environment: { GGML_VK_DISABLE_COOPMAT: '1' },
  reasons: ['An older Intel GPU.'],
};
const proof = { at: '2026-01-02T03:04:05.000Z', model: { name: 'medium', sha256: '0' }, speed: 2, devices: [] };

/** A data folder whose engine is a link to one among several, with `engine.json`. The engine is a shell script. */
async function engineFolder(folder: TemporaryFolder, record: unknown, script = '') {
  const paths = dataPaths(folder.join('data'));
  const engine = path.join(paths.engines, 'any-1.0-01234567');
  await mkdir(path.join(engine, 'build/bin'), { recursive: true });
  await writeFile(path.join(engine, 'build/bin/whisper-cli'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  await writeFile(path.join(engine, 'engine.json'), typeof record === 'string' ? record : JSON.stringify(record));
  await mkdir(path.dirname(paths.whisperCpp), { recursive: true });
  await symlink(path.relative(path.dirname(paths.whisperCpp), engine), paths.whisperCpp);
  await mkdir(paths.models);
  await writeFile(path.join(paths.models, 'ggml-medium.bin'), '');
  return { paths, engine };
}

run('tells what the engine in use was made for, what it was proven on, and what it is told at each start', async () => {
  await using folder = await temporaryFolder();
  const record = { backend: 'vulkan', run: intel, proof: { ...proof, device: 'Vulkan0' }, builtAt: 'ignored here' };
  const { paths, engine } = await engineFolder(folder, record);
  const expected = { backend: 'vulkan', run: intel, provenDevice: 'Vulkan0', expectsGpu: true };
  const seen = ({ backend, run, provenDevice, expectsGpu }: Engine) => ({ backend, run, provenDevice, expectsGpu });
  assert.equal(seen(await findEngine(unset, paths)), expected);
  // The user's own link to the program.
  await symlink(path.join(engine, 'build/bin/whisper-cli'), folder.join('my-whisper'));
  assert.equal(seen(await findEngine({ ...unset, whisperCli: folder.join('my-whisper') }, paths)), expected);
});

run('is followed to where the link of the data folder is, not to where an adopted program lies', async () => {
  await using folder = await temporaryFolder();
  const { paths, engine } = await engineFolder(folder, { backend: 'cuda' });
  await mkdir(folder.join('opt/build/bin'), { recursive: true });
  await writeFile(folder.join('opt/engine.json'), JSON.stringify({ backend: 'cpu' }));
  await writeFile(folder.join('opt/build/bin/whisper-cli'), '', { mode: 0o755 });
  const program = path.join(engine, 'build/bin/whisper-cli');
  await symlink(folder.join('opt/build/bin/whisper-cli'), `${program}.new`);
  await rename(`${program}.new`, program);
  assert.is((await findEngine(unset, paths)).backend, 'cuda');
});

run('expects a GPU of an engine that was made for one, tried or not, and none of one for the CPU', async () => {
  const expects = async (record: unknown): Promise<boolean> => {
    await using folder = await temporaryFolder();
    const { paths } = await engineFolder(folder, record);
    return (await findEngine(unset, paths)).expectsGpu;
  };
  assert.is(await expects({ backend: 'cuda' }), true);
  assert.is(await expects({ backend: 'cpu' }), false);
  assert.is(await expects({ backend: 'cpu', proof: { ...proof, device: 'CPU' } }), false);
  assert.is(await expects({ backend: 'cpu', proof: { ...proof, device: 'SYCL0' } }), true);
  assert.is(await expects({ backend: 'openvino', proof: { ...proof, device: 'OpenVINO GPU' } }), false);
});

run('counts as none where it is damaged, and where the program is a stranger', async () => {
  await using folder = await temporaryFolder();
  const { paths } = await engineFolder(folder, '{"backend":"cuda"');
  assert.equal([(await findEngine(unset, paths)).backend], [undefined]);
  // No such folders above it: nobody's engine.json is taken.
  await mkdir(folder.join('a/b/c'), { recursive: true });
  await writeFile(folder.join('a/engine.json'), JSON.stringify({ backend: 'cuda' }));
  await writeFile(folder.join('a/b/c/whisper-cli'), '', { mode: 0o755 });
  const stranger = await findEngine({ ...unset, whisperCli: folder.join('a/b/c/whisper-cli') }, paths);
  assert.equal([stranger.backend, stranger.expectsGpu], [undefined, false]);
});

run('gives way to what the user says of flash attention and ggml', async () => {
  await using folder = await temporaryFolder();
  const { paths } = await engineFolder(folder, { backend: 'vulkan', run: intel });
  const runOf = async (more: Partial<EngineSettings>): Promise<RunOptions> =>
    (await findEngine({ ...unset, ...more }, paths)).run;
  assert.equal((await runOf({ flashAttention: true })).arguments, ['-oved', 'GPU', '-fa']);
  assert.equal((await runOf({ flashAttention: false })).arguments, ['-oved', 'GPU', '-nfa']);
  const engineEnvironment = { GGML_VK_DISABLE_COOPMAT: '0', GGML_VK_VISIBLE_DEVICES: '1' };
  assert.equal((await runOf({ engineEnvironment })).environment, engineEnvironment);
  assert.equal(await runOf({ flashAttention: undefined, engineEnvironment: {} }), intel);
});

const saysAll = 'echo "args: $*" >&2; echo "env: $GGML_VK_DISABLE_COOPMAT" >&2; exit 3';

run('reaches the engine: its arguments and its environment', async () => {
  await using folder = await temporaryFolder();
  const { paths } = await engineFolder(folder, { backend: 'cpu', run: intel }, saysAll);
  const options = { folder: folder.path, threads: 1, signal: new AbortController().signal };
  const engine = await findEngine(unset, paths);
  await rejects(proveEngine(engine, options), /args: .* -nfa -oved GPU -f .*\n\s+env: 1/u);
  const own = await findEngine({ ...unset, engineEnvironment: { GGML_VK_DISABLE_COOPMAT: 'mine' } }, paths);
  await rejects(proveEngine(own, options), /env: mine/u);
});

const lost = async (record: unknown, line: string, message: RegExp): Promise<void> => {
  await using folder = await temporaryFolder();
  const { paths } = await engineFolder(folder, record, `echo '${line}' >&2; sleep 5`);
  const options = { folder: folder.path, threads: 1, signal: new AbortController().signal };
  const error = await rejects(proveEngine(await findEngine(unset, paths), options), message);
  assert.equal([error['code'], error['exitCode']], ['STT_ENGINE_GPU_LOST', 69]);
};

run('has an engine refused that does without its GPU or without OpenVINO, at its very start', async () => {
  await lost(
    { backend: 'cuda', proof: { ...proof, device: 'CUDA0' } },
    'whisper_backend_init_gpu: no GPU found',
    /was set up to work on CUDA0, and finds none now/u,
  );
  await lost(
    { backend: 'openvino' },
    'whisper_ctx_init_openvino_encoder_with_state: failed to init OpenVINO encoder from x',
    /cannot use OpenVINO with the model .*ggml-medium\.bin/u,
  );
});

run.run();
