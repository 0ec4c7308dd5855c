import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../../test/support/fake-programs.ts';
import { temporaryFolder, type TemporaryFolder } from '../../../test/support/temporary-folder.ts';
import { findEnabledRepositories, findMissingNeeds, type Look } from './find-needs.ts';
import { needs } from './needs.ts';
import { readPackageTable } from './package-table.ts';

const run = suite('findMissingNeeds');

const lookIn = (root: TemporaryFolder): Look => ({
  table: readPackageTable(),
  signal: new AbortController().signal,
  root: root.path,
});

async function place(root: TemporaryFolder, files: Record<string, string>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(root.join(file)), { recursive: true });
    await writeFile(root.join(file), text);
  }
}

run('misses everything on a bare machine', async () => {
  await using _ = await fakePrograms({}, true);
  await using root = await temporaryFolder();
  assert.equal(await findMissingNeeds(needs, lookIn(root)), [...needs]);
});

run('sees programs that answer, and one of several that will do', async () => {
  const here = ['ffmpeg', 'ffprobe', 'cmake', 'make', 'gcc', 'clang++', 'pkgconf', 'nvcc', 'glslc', 'python3.12'];
  await using programs = await fakePrograms(Object.fromEntries(here.map((name) => [name, ''])), true);
  await using root = await temporaryFolder();
  assert.equal(await findMissingNeeds(needs, lookIn(root)), [
    'OpenBLAS',
    'Vulkan headers and loader',
    'SPIRV-Headers',
    'Vulkan driver',
    'OpenVINO toolkit',
    'Intel OpenCL driver',
  ]);
  assert.ok((await programs.calls()).includes('python3.12 -m ensurepip --version'));
});

run('takes a program that does not start for a missing one', async () => {
  await using _ = await fakePrograms({ cmake: 'exit 127', ninja: 'exit 1' }, true);
  await using root = await temporaryFolder();
  assert.equal(await findMissingNeeds(['cmake', 'ninja'], lookIn(root)), ['cmake', 'ninja']);
});

run('believes pkg-config, and asks it for the module', async () => {
  await using programs = await fakePrograms({ 'pkg-config': '[ "$2" = openblas64 ]' }, true);
  await using root = await temporaryFolder();
  assert.equal(await findMissingNeeds(['OpenBLAS'], lookIn(root)), []);
  assert.equal(await programs.calls(), ['pkg-config --exists openblas', 'pkg-config --exists openblas64']);
});

run('sees headers, libraries, cmake files and drivers where distributions put them', async () => {
  await using _ = await fakePrograms({}, true);
  await using root = await temporaryFolder();
  await place(root, {
    'usr/include/x86_64-linux-gnu/openblas-pthread/openblas_config.h': '',
    'usr/lib/x86_64-linux-gnu/libopenblas.so': '',
    'usr/include/vulkan/vulkan_core.h': '#define VK_EXT_layer_settings 1',
    'usr/lib64/libvulkan.so': '',
    'usr/share/cmake/SPIRV-Headers/SPIRV-HeadersConfig.cmake': '',
    'etc/vulkan/icd.d/nvidia_icd.json': '{}',
    'opt/intel/openvino_2025.4/runtime/cmake/OpenVINOConfig.cmake': '',
    'etc/OpenCL/vendors/intel.icd': '',
  });
  const found = [
    'OpenBLAS',
    'Vulkan headers and loader',
    'SPIRV-Headers',
    'Vulkan driver',
    'OpenVINO toolkit',
  ] as const;
  assert.equal(await findMissingNeeds([...found, 'Intel OpenCL driver'], lookIn(root)), []);
});

run('takes half of a package, and headers that are too old, for none', async () => {
  await using _ = await fakePrograms({}, true);
  await using root = await temporaryFolder();
  await place(root, {
    'usr/include/openblas/openblas_config.h': '',
    'usr/include/vulkan/vulkan_core.h': '#define VK_HEADER_VERSION 239',
    'usr/lib/libvulkan.so': '',
  });
  const both = ['OpenBLAS', 'Vulkan headers and loader'] as const;
  assert.equal(await findMissingNeeds(both, lookIn(root)), [...both]);
  await place(root, { 'usr/local/include/vulkan/vulkan_core.h': '#define VK_EXT_layer_settings 1' });
  assert.equal(await findMissingNeeds(both, lookIn(root)), ['OpenBLAS']);
});

run('knows repositories by their package, or their file', async () => {
  await using _ = await fakePrograms({ rpm: '[ "$2" = rpmfusion-free-release ]' }, true);
  await using root = await temporaryFolder();
  await place(root, { 'etc/yum.repos.d/cuda-fedora43.repo': '' });
  const look = lookIn(root);
  assert.equal(await findEnabledRepositories(['epel', 'crb', 'rpmfusion-free', 'cuda-fedora', 'cuda-rhel'], look), [
    'rpmfusion-free',
    'cuda-fedora',
  ]);
});

run.run();
