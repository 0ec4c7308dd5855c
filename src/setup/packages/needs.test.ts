import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backends } from '../../backend.ts';
import { needsOf, type Plans } from './needs.ts';

const run = suite('needsOf');

const built: Plans = { toBuild: true, variants: [] };

run('asks for ffmpeg and ffprobe alone where a cpu engine is there', () => {
  for (const variants of [[], ['plain', 'openblas']]) {
    assert.equal(needsOf('cpu', { toBuild: false, variants }), ['ffmpeg', 'ffprobe']);
  }
});

run(
  'asks for compilers and cmake for every backend that is to be built, and for nothing to run where it runs elsewhere',
  () => {
    for (const backend of backends) {
      const needs = needsOf(backend, { ...built, toRun: false });
      for (const need of ['cmake', 'ninja', 'C compiler', 'C++ compiler'] as const) assert.ok(needs.includes(need));
      for (const need of ['ffmpeg', 'Vulkan driver'] as const)
        assert.not.ok(needs.includes(need), `${backend}: ${need}`);
    }
  },
);

run('asks for OpenBLAS and pkg-config only where that variant is built', () => {
  const withBlas = needsOf('cpu', { ...built, variants: ['plain', 'openblas'] });
  assert.ok(withBlas.includes('OpenBLAS') && withBlas.includes('pkg-config'));
  for (const variants of [[], ['plain'], ['plain', 'accelerate']]) {
    assert.not.ok(needsOf('cpu', { ...built, variants }).some((need) => need === 'OpenBLAS' || need === 'pkg-config'));
  }
});

run('asks for what each GPU backend is built with, and for a driver to run on', () => {
  assert.ok(needsOf('cuda', built).includes('CUDA toolkit'));
  const vulkan = needsOf('vulkan', built);
  for (const need of ['Vulkan headers and loader', 'glslc', 'SPIRV-Headers', 'Vulkan driver'] as const) {
    assert.ok(vulkan.includes(need), need);
  }
  assert.ok(needsOf('vulkan', { ...built, toBuild: false }).includes('Vulkan driver'));
  assert.ok(needsOf('openvino', built).includes('Python with venv'));
});

run(
  'asks for Python where OpenVINO is built or a model converted, for the OpenCL driver only on Intel graphics',
  () => {
    const extras = (plans: Partial<Plans>): string[] =>
      needsOf('openvino', { ...built, toBuild: false, ...plans }).filter((need) => !need.startsWith('ff'));
    assert.equal(extras({}), []);
    assert.equal(extras({ toConvert: true }), ['Python with venv']);
    assert.equal(extras({ onIntelGraphics: true }), ['Intel OpenCL driver']);
    assert.not.ok(needsOf('cpu', { ...built, toConvert: true }).includes('Python with venv'));
  },
);

run('asks for no package where the person says where it is', () => {
  const needs = (definition: string): string[] => needsOf('vulkan', { ...built, definitions: [definition] });
  assert.not.ok(needs('SPIRV-Headers_DIR=/opt/vk/cmake').includes('SPIRV-Headers'));
  assert.not.ok(needs('SPIRV-Headers_DIR:PATH=/opt/vk/cmake').includes('SPIRV-Headers'));
  assert.ok(needs('GGML_NATIVE=OFF').includes('SPIRV-Headers'));
  assert.ok(needs('X=SPIRV-Headers_DIR').includes('SPIRV-Headers'));
});

run.run();
