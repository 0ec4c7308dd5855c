import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addGpuLine, backendInUse, noGpus } from './engine-gpus.ts';

const run = suite('engine GPUs');

const read = (text: string) => text.split('\n').reduce(addGpuLine, noGpus);

run('reads CUDA', () => {
  assert.equal(
    read(`ggml_cuda_init: found 2 CUDA devices (Total VRAM: 36186 MiB):
  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes, VRAM: 24126 MiB
  Device 1: NVIDIA GeForce GTX 1660 Ti, compute capability 7.5, VMM: yes, VRAM: 12060 MiB
The following devices will have suboptimal performance due to a lack of tensor cores:
  Device 1: NVIDIA GeForce GTX 1660 Ti
whisper_init_with_params_no_state: use gpu    = 1
whisper_init_with_params_no_state: devices    = 3
whisper_backend_init_gpu: device 0: CUDA0 (type: 1)
whisper_backend_init_gpu: found GPU device 0: CUDA0 (type: 1, cnt: 0)
whisper_backend_init_gpu: using CUDA0 backend
whisper_vad_init_with_params: loading
whisper_backend_init_gpu: no GPU found`),
    { devices: ['NVIDIA GeForce RTX 3090', 'NVIDIA GeForce GTX 1660 Ti'], gpuInUse: 'CUDA0' },
  );
});

run('reads the older wording, and ROCm', () => {
  assert.equal(
    read(`ggml_cuda_init: GGML_CUDA_FORCE_MMQ:    no
ggml_cuda_init: found 1 ROCm devices:
  Device 0: AMD Radeon RX 6800, gfx1030 (0x1030), VMM: no, Wave Size: 32
whisper_backend_init_gpu: using ROCm0 backend`),
    { devices: ['AMD Radeon RX 6800'], gpuInUse: 'ROCm0' },
  );
});

run('reads Vulkan', () => {
  assert.equal(
    read(`ggml_vulkan: Found 2 Vulkan devices:
ggml_vulkan: 0 = AMD Radeon RX 6800 (RADV NAVI21) (radv) | uma: 0 | fp16: 1 | bf16: 0 | warp size: 64 | shared memory: 65536 | int dot: 1 | matrix cores: none
ggml_vulkan: 1 = Intel(R) Xe Graphics (TGL GT2) (Intel open-source Mesa driver) | uma: 1 | fp16: 1 | bf16: 0 | warp size: 32 | shared memory: 65536 | int dot: 1 | matrix cores: none
whisper_backend_init_gpu: found GPU device 0: Vulkan0 (type: 1, cnt: 0)
whisper_backend_init_gpu: found GPU device 1: Vulkan1 (type: 2, cnt: 1)
whisper_backend_init_gpu: using Vulkan1 backend`),
    { devices: ['AMD Radeon RX 6800 (RADV NAVI21)', 'Intel(R) Xe Graphics (TGL GT2)'], gpuInUse: 'Vulkan1' },
  );
  assert.equal(read('ggml_vulkan: No devices found.\nwhisper_backend_init_gpu: no GPU found'), {
    ...noGpus,
    trouble: 'ggml_vulkan: No devices found.',
  });
});

run('reads Metal, and what only whisper.cpp names', () => {
  assert.equal(
    read(`ggml_metal_device_init: GPU name:   MTL0 (Apple M2)
ggml_metal_device_init: GPU family: MTLGPUFamilyApple8  (1008)
whisper_backend_init_gpu: found GPU device 0: MTL0 (type: 1, cnt: 0)
whisper_backend_init_gpu: using MTL0 backend`),
    { devices: ['Apple M2'], gpuInUse: 'MTL0' },
  );
  assert.equal(read('ggml_metal_init: GPU name:   Apple M1 Pro').devices, ['Apple M1 Pro']);
  assert.equal(
    read(`whisper_backend_init_gpu: device 0: SYCL0 (type: 1)
whisper_backend_init_gpu: found GPU device 0: SYCL0 (type: 1, cnt: 0)
whisper_backend_init_gpu: using SYCL0 backend`),
    { devices: ['SYCL0'], gpuInUse: 'SYCL0' },
  );
});

run('finds none where there is none, or it does not start', () => {
  assert.equal(
    read(`whisper_backend_init_gpu: device 0: CPU (type: 0)
whisper_backend_init_gpu: no GPU found`),
    noGpus,
  );
  const withoutDriver = 'ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected';
  assert.equal(read(`${withoutDriver}\nwhisper_backend_init_gpu: failed to initialize CUDA0 backend`), {
    ...noGpus,
    trouble: withoutDriver,
  });
  const broken = read(`ggml_cuda_init: found 1 CUDA devices:
whisper_backend_init_gpu: using CUDA0 backend
whisper_backend_init_gpu: failed to initialize CUDA0 backend`);
  assert.is(broken.gpuInUse, undefined);
  assert.match(broken.trouble ?? '', /failed to initialize CUDA0/u);
});

const openVinoStarts = `whisper_backend_init_gpu: no GPU found
whisper_ctx_init_openvino_encoder_with_state: loading OpenVINO model from '/m/ggml-base-encoder-openvino.xml'
whisper_ctx_init_openvino_encoder_with_state: first run on a device may take a while ...
whisper_openvino_init: path_model = /m/ggml-base-encoder-openvino.xml, device = GPU, cache_dir = /m/ggml-base-encoder-openvino-cache`;

run('reads OpenVINO, and its fall-back', () => {
  const loaded = read(`${openVinoStarts}\nwhisper_ctx_init_openvino_encoder_with_state: OpenVINO model loaded`);
  assert.equal(loaded, { ...noGpus, openVino: 'GPU' });
  assert.is(backendInUse(loaded), 'openvino');
  const fallen = read(`${openVinoStarts}
in openvino encoder compile routine: exception: Could not open /m/ggml-base-encoder-openvino.xml
whisper_ctx_init_openvino_encoder_with_state: failed to init OpenVINO encoder from '/m/ggml-base-encoder-openvino.xml'`);
  assert.equal(fallen, {
    ...noGpus,
    trouble: 'in openvino encoder compile routine: exception: Could not open /m/ggml-base-encoder-openvino.xml',
  });
  assert.is(backendInUse(fallen), 'cpu');
});

run('knows by the name of the device what was built', () => {
  const backendOf = (gpuInUse: string | undefined) => backendInUse({ devices: [], gpuInUse });
  assert.equal(['CUDA0', 'ROCm1', 'Vulkan0', 'MTL0', 'Metal', undefined, 'SYCL0'].map(backendOf), [
    'cuda',
    'cuda',
    'vulkan',
    'metal',
    'metal',
    'cpu',
    undefined,
  ]);
});

run('keeps a count without names, and bounds', () => {
  assert.equal(read('ggml_cuda_init: found 2 CUDA devices:').devices, ['GPU 0', 'GPU 1']);
  assert.is(read('ggml_cuda_init: found 99 CUDA devices:').devices.length, 64);
  assert.is(read('  Device 99: Many, compute capability 9.0').devices.length, 0);
});

run.run();
