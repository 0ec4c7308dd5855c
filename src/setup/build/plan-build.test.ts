import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backends } from '../../backend.ts';
import { readRecipe } from '../whisper-data.ts';
import { planBuild, type PlanRequest } from './plan-build.ts';
import { machineWith, nvidiaCard } from './testing/machines.ts';

const run = suite('planBuild');

const plan = (more: Partial<PlanRequest> = {}) => {
  const backend = more.backend ?? 'cpu';
  const recipe = readRecipe(backend);
  return planBuild({ backend, recipe, machine: machineWith(), definitions: [], variants: 'all', ...more });
};

const macos = machineWith({ os: { platform: 'darwin', id: 'macos', like: [], version: '26', name: 'macOS 26' } });

run('plans for each backend what makes it one', () => {
  const signs = {
    cpu: { GGML_METAL: 'OFF' },
    cuda: { GGML_CUDA: 'ON' },
    vulkan: { GGML_VULKAN: 'ON' },
    openvino: { WHISPER_OPENVINO: 'ON' },
    metal: { GGML_METAL: 'ON', GGML_METAL_EMBED_LIBRARY: 'ON' },
  };
  for (const backend of backends) {
    const { definitions, targets } = plan({ backend });
    for (const [name, value] of Object.entries(signs[backend])) assert.is(definitions[name], value);
    assert.is(definitions['CMAKE_BUILD_TYPE'], 'Release');
    assert.equal(targets, ['whisper-cli', 'whisper-server', 'whisper-bench']);
  }
});

run('compares plain ggml with OpenBLAS on Linux and with Accelerate on macOS', () => {
  assert.equal(plan().variants, [
    { name: 'plain', definitions: { GGML_BLAS: 'OFF' } },
    { name: 'openblas', definitions: { GGML_BLAS: 'ON', GGML_BLAS_VENDOR: 'OpenBLAS' } },
  ]);
  assert.equal(
    plan({ machine: macos }).variants?.map(({ name }) => name),
    ['plain', 'accelerate'],
  );
});

run('builds the plain one alone where one is asked for, or nothing is known of the machine', () => {
  for (const more of [{ variants: 'first' }, { machine: undefined }] as const) {
    const { definitions, variants } = plan(more);
    assert.is(variants, undefined);
    assert.is(definitions['GGML_BLAS'], 'OFF');
  }
});

run('lets a definition of a person win over the recipe, the machine and a variant', () => {
  assert.is(plan({ definitions: ['CMAKE_BUILD_TYPE=Debug'] }).definitions['CMAKE_BUILD_TYPE'], 'Debug');
  const cuda = { backend: 'cuda', machine: machineWith({ gpus: [nvidiaCard('8.6')] }) } as const;
  const chosen = plan({ ...cuda, definitions: ['CMAKE_CUDA_ARCHITECTURES=75'] });
  assert.is(chosen.definitions['CMAKE_CUDA_ARCHITECTURES'], '75');

  const table: [definitions: string[], expected: Record<string, string | undefined>][] = [
    [['GGML_BLAS=ON'], { GGML_BLAS: 'ON', GGML_BLAS_VENDOR: 'OpenBLAS' }],
    [['GGML_BLAS=OFF'], { GGML_BLAS: 'OFF', GGML_BLAS_VENDOR: undefined }],
    [['GGML_BLAS=ON', 'GGML_BLAS_VENDOR=FLAME'], { GGML_BLAS: 'ON', GGML_BLAS_VENDOR: 'FLAME' }],
  ];
  for (const [definitions, expected] of table) {
    const chosen = plan({ definitions });
    assert.is(chosen.variants, undefined);
    for (const [name, value] of Object.entries(expected)) assert.is(chosen.definitions[name], value);
  }
});

run('plans for the NVIDIA cards of the machine', () => {
  const machine = machineWith({ gpus: [nvidiaCard('8.6'), nvidiaCard('12.0')] });
  assert.is(plan({ backend: 'cuda', machine }).definitions['CMAKE_CUDA_ARCHITECTURES'], '86-real;120a-real');
  assert.is(plan({ backend: 'cuda' }).definitions['GGML_NATIVE'], 'OFF');
  assert.is(plan({ backend: 'vulkan', machine }).definitions['CMAKE_CUDA_ARCHITECTURES'], undefined);
});

run.run();
