import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Backend } from '../../backend.ts';
import { type EngineGpus, noGpus } from '../../engine/engine-gpus.ts';
import { plainRunOptions } from '../../engine/run-options.ts';
import { checkGpu } from './check-gpu.ts';

const run = suite('check GPU');

const rtx: EngineGpus = { devices: ['NVIDIA GeForce RTX 3090', 'NVIDIA GeForce GT 710'], gpuInUse: 'CUDA1' };

type Look = {
  backend: Backend | undefined;
  gpus: EngineGpus;
  isOwn?: boolean;
  seconds?: number;
  isBusy?: boolean;
  sha256?: string;
};

function look({ backend, gpus, isOwn = true, seconds = 1, isBusy = false, sha256 = 'a' }: Look) {
  const at = '2026-11-23T05:00:00.000Z';
  const proof = { at, model: { name: 'medium', sha256: 'a' }, device: 'CUDA0', speed: 6, devices: [] };
  const file = backend === undefined ? undefined : { backend, run: plainRunOptions, proof };
  return checkGpu({ file, isOwn, sample: { gpus, audioSeconds: 6, seconds, isBusy }, modelSha256: sha256 });
}

run('names the device that is in use', () => {
  assert.is(look({ backend: 'cuda', gpus: rtx }).found, 'CUDA1 (NVIDIA GeForce GT 710) is in use');
  assert.is(look({ backend: undefined, gpus: rtx }).status, 'ok');
  assert.is(look({ backend: 'openvino', gpus: { ...noGpus, openVino: 'GPU' } }).found, 'OpenVINO on GPU is in use');
  assert.is(look({ backend: 'metal', gpus: { devices: [], gpuInUse: 'MTL0' } }).found, 'MTL0 is in use');
});

run('fails where the engine was made for one and works on the CPU', () => {
  for (const backend of ['cuda', 'vulkan', 'metal', 'openvino'] as const) {
    const checked = look({ backend, gpus: { ...noGpus, trouble: 'ggml_cuda_init: no CUDA-capable device' } });
    assert.is(checked.status, 'fail', backend);
    assert.match(checked.found, /works on the CPU \(ggml_cuda_init: no CUDA-capable device\)/u);
    assert.is('exitCode' in checked ? checked.exitCode : 0, 69);
  }
});

run('does not mind a CPU where that is meant, and warns of a GPU that nobody uses', () => {
  assert.is(look({ backend: 'cpu', gpus: noGpus }).status, 'skipped');
  assert.is(look({ backend: undefined, gpus: noGpus }).status, 'skipped');
  assert.is(look({ backend: undefined, gpus: { ...rtx, gpuInUse: undefined } }).status, 'warn');
});

run('says that set-up helps only where no engine is named', () => {
  const fixes = (isOwn: boolean): string[] =>
    [
      look({ isOwn, backend: undefined, gpus: { ...rtx, gpuInUse: undefined } }),
      look({ isOwn, backend: 'cuda', gpus: noGpus }),
      look({ isOwn, backend: 'cuda', gpus: rtx, seconds: 3 }),
    ].map((checked) => ('fix' in checked ? (checked.fix ?? '') : ''));
  for (const fix of fixes(false)) assert.match(fix, /stt setup.*\nUnset STT_WHISPER_CLI/su);
  for (const fix of fixes(true)) assert.not.match(fix, /STT_WHISPER_CLI/u);
});

run('warns where it has become less than half as fast, with the same model and nobody else at work', () => {
  assert.is(look({ backend: 'cuda', gpus: rtx, seconds: 1.9 }).status, 'ok');
  const slow = look({ backend: 'cuda', gpus: rtx, seconds: 3 });
  assert.is(slow.status, 'warn');
  assert.match(slow.found, '2.0 x real time, where it was 6.0 x');
  assert.is(look({ backend: 'cpu', gpus: noGpus, seconds: 3 }).status, 'warn');
  assert.is(look({ backend: 'cuda', gpus: rtx, seconds: 3, isBusy: true }).status, 'ok');
  assert.is(look({ backend: 'cuda', gpus: rtx, seconds: 3, sha256: 'another' }).status, 'ok');
});

run.run();
