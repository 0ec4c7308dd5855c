import { access } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { Backend } from '../../backend.ts';
import { plainRunOptions } from '../../engine/run-options.ts';
import { readModel } from '../../models/model-catalogue.ts';
import { type EngineToProve, proveBuiltEngine } from './prove-built-engine.ts';
import { benchOptions, onCuda, runsOf, withoutDriver, writeScriptEngine } from './testing/script-engine.ts';

const run = suite('proof of an engine');

const whisperCli = (folder: TemporaryFolder): string => folder.join('whisper-cli');

async function prove(folder: TemporaryFolder, backend: Backend, script: string, more: Partial<EngineToProve> = {}) {
  await writeScriptEngine(whisperCli(folder), { script });
  return proveBuiltEngine({ whisperCli: whisperCli(folder), backend, run: plainRunOptions, ...more }, benchOptions());
}

run('says on what, with which model and how fast the sample was transcribed', async () => {
  await using folder = await temporaryFolder();
  const proof = await prove(folder, 'cpu', 'sleep 0.2');
  assert.equal([proof.device, proof.devices], ['CPU', []]);
  assert.equal(proof.model, { name: 'medium', sha256: 'a'.repeat(64) });
  // Six seconds in a fifth of one, at most.
  assert.ok(proof.speed > 0.1 && proof.speed < 30, `${proof.speed}`);
  assert.ok(Math.abs(Date.parse(proof.at) - Date.now()) < 60_000);
  assert.is((await runsOf(whisperCli(folder))).length, 1);
});

run('is made with the bundled model where none is named, unpacked for the time being', async () => {
  await using folder = await temporaryFolder();
  await writeScriptEngine(whisperCli(folder));
  const engine: EngineToProve = { whisperCli: whisperCli(folder), backend: 'cpu', run: plainRunOptions };
  const proof = await proveBuiltEngine(engine, { ...benchOptions(), model: undefined });
  assert.equal(proof.model, { name: 'demo-digits', sha256: readModel('demo-digits').sha256 });
  const file = /-m (\S+)/u.exec((await runsOf(whisperCli(folder)))[0] ?? '')?.[1] ?? '';
  assert.match(file, /ggml-demo-digits\.bin$/u);
  await rejects(access(file), /ENOENT/u);
});

run('on a GPU counts the second run: the first one compiles shaders', async () => {
  await using folder = await temporaryFolder();
  const firstIsSlow = `[ -e '${folder.join('warm')}' ] || sleep 2; : > '${folder.join('warm')}'`;
  const proof = await prove(folder, 'cuda', `${onCuda}; ${firstIsSlow}`);
  assert.equal([proof.device, proof.devices], ['CUDA0', ['NVIDIA GeForce RTX 3090']]);
  assert.is((await runsOf(whisperCli(folder))).length, 2);
  assert.ok(proof.speed > 3, `${proof.speed}`);
});

run('fails where an engine for a GPU works on the processor, in the words of its backend', async () => {
  await using folder = await temporaryFolder();
  const error = await rejects(
    prove(folder, 'cuda', withoutDriver),
    /for cuda works on the processor alone \(ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device/u,
  );
  assert.equal([error['code'], error['exitCode']], ['STT_ENGINE_NOT_ON_DEVICE', 69]);
  assert.match(String(error['hint']), /nvidia-smi.*only tried again.*--backend cpu/u);
  await rejects(prove(folder, 'vulkan', "echo 'ggml_vulkan: No devices found.' >&2"), /No devices found/u);
  const silent = await rejects(prove(folder, 'metal', ''), /for metal works on the processor alone\.$/u);
  assert.is(silent['code'], 'STT_ENGINE_NOT_ON_DEVICE');
  // Another GPU than the one it was made for is no proof either.
  await rejects(prove(folder, 'vulkan', onCuda), /for vulkan works on CUDA0/u);
});

const openVino = (device: string): string => `
  echo 'whisper_backend_init_gpu: no GPU found' >&2
  echo 'whisper_openvino_init: path_model = x.xml, device = ${device}, cache_dir = x-cache' >&2`;

run('wants OpenVINO on the device that it was told to take', async () => {
  await using folder = await temporaryFolder();
  const onGpu = { run: { ...plainRunOptions, arguments: ['-oved', 'GPU'] } };
  assert.is((await prove(folder, 'openvino', openVino('GPU'), onGpu)).device, 'OpenVINO GPU');
  assert.match((await runsOf(whisperCli(folder))).at(-1) ?? '', /-oved GPU/u);
  assert.is((await prove(folder, 'openvino', openVino('CPU'))).device, 'OpenVINO CPU');
  await rejects(prove(folder, 'openvino', openVino('CPU'), onGpu), /for openvino on GPU works on OpenVINO CPU/u);
  const fallsBack = `${openVino('GPU')}
    echo "whisper_ctx_init_openvino_encoder_with_state: failed to init OpenVINO encoder from 'x.xml'" >&2`;
  await rejects(prove(folder, 'openvino', fallsBack), /processor alone \(.*failed to init OpenVINO encoder/u);
});

run('starts the engine as a worker will: as set-up chose, and as the user says', async () => {
  await using folder = await temporaryFolder();
  await writeScriptEngine(whisperCli(folder));
  const chosen = { arguments: ['-nfa'], environment: { GGML_VK_A: 'chosen', GGML_VK_B: 'chosen' }, reasons: [] };
  const choices = { flashAttention: undefined, engineEnvironment: { GGML_VK_B: 'mine' } };
  const engine: EngineToProve = { whisperCli: whisperCli(folder), backend: 'cpu', run: chosen };
  await proveBuiltEngine(engine, { ...benchOptions(), choices });
  assert.match((await runsOf(whisperCli(folder)))[0] ?? '', /^GGML_VK_A=chosen GGML_VK_B=mine .* -nfa /u);
});

run('fails where the engine hears nothing, crashes or cannot load the model; nothing is left of it', async () => {
  await using folder = await temporaryFolder();
  const deaf = await rejects(
    prove(folder, 'cpu', `printf 'WEBVTT\\n\\n' > "$out.vtt"; exit 0`),
    /cannot transcribe the bundled sample: it hears nothing/u,
  );
  assert.is(deaf['code'], 'STT_ENGINE_BROKEN');
  assert.match(String(deaf['hint']), /engine in use.*stays.*--force/u);
  await rejects(prove(folder, 'vulkan', 'kill -SEGV $$'), /killed by SIGSEGV/u);
  await writeScriptEngine(whisperCli(folder), { script: 'echo "invalid model data (bad magic)" >&2; exit 3' });
  const error = await rejects(
    proveBuiltEngine({ whisperCli: whisperCli(folder), backend: 'cpu', run: plainRunOptions }, benchOptions()),
    /cannot load the model \/models\/ggml-medium\.bin/u,
  );
  assert.is(error['code'], 'STT_MODEL_DAMAGED');
});

run('is over at once when it is stopped', async () => {
  await using folder = await temporaryFolder();
  const stop = new AbortController();
  await writeScriptEngine(whisperCli(folder), { script: 'sleep 60' });
  const engine: EngineToProve = { whisperCli: whisperCli(folder), backend: 'cpu', run: plainRunOptions };
  const proving = rejects(proveBuiltEngine(engine, { ...benchOptions(), signal: stop.signal }), /Ctrl-C/u);
  setTimeout(() => stop.abort(new Error('Ctrl-C')), 300);
  const startedAt = performance.now();
  await proving;
  assert.ok(performance.now() - startedAt < 10_000);
});

run.run();
