import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describeMachine } from './describe-machine.ts';
import type { MachineFacts } from './machine-facts.ts';
import { readMachine } from './read-machine.ts';
import { recommendBackend } from './recommend-backend.ts';
import { machines } from './testing/machines/index.ts';

const run = suite('describeMachine');

function describe(facts: MachineFacts): string[] {
  const machine = readMachine(facts);
  return describeMachine(machine, recommendBackend(machine));
}

run('tells all of a desktop, aligned', () => {
  assert.equal(describe(machines.fedoraRtx), [
    'System     Fedora Linux 43 (Workstation Edition), x64',
    'Packages   dnf',
    'Processor  AMD Ryzen 9 5900X 12-Core Processor: 12 cores, 24 threads (avx, avx2, fma, f16c, bmi2)',
    'Memory     63 GiB',
    'Disk       756 GiB free',
    'GPU        NVIDIA GeForce RTX 3090, 24 GiB, driver 580.95.05, compute capability 8.6, Vulkan',
    '           llvmpipe (LLVM 20.1.8, 256 bits): Vulkan on the processor, for trying out',
    'Toolkits   CUDA 13.0 (/usr/local/cuda/bin/nvcc), Vulkan 1.4.328, glslc',
    'Best       cuda: NVIDIA GeForce RTX 3090 with driver 580.95.05 (compute capability 8.6).',
  ]);
});

run('tells what is in trouble, and what stands between', () => {
  const failing = describe(machines.nvidiaSmiFailing).join('\n');
  assert.match(failing, /^Trouble {4}nvidia-smi: NVIDIA-SMI has failed/mu);
  assert.match(failing, /^GPU {8}AMD Radeon Graphics \(RADV RENOIR\), shares memory, driver Mesa 24\.2\.8, Vulkan$/mu);
  assert.match(failing, /^ {11}NVIDIA GeForce RTX 4060, no driver$/mu);
  assert.match(describe(machines.distroboxFedora)[0] ?? '', /, x64, in a Distrobox$/u);
  assert.match(describe(machines.wslNvidia)[0] ?? '', /, in WSL$/u);
  assert.match(describe(machines.jetson).join('\n'), /^Board {6}NVIDIA Jetson AGX Orin Developer Kit$/mu);
});

run('tells of a machine that has little', () => {
  const lines = describe(machines.el9Headless).join('\n');
  assert.match(lines, /^GPU {8}none$/mu);
  assert.match(lines, /^Toolkits {3}none$/mu);
  assert.match(lines, /64 cores, 16 for this process/u);
  assert.match(describe(machines.windowsRadeon).join('\n'), /^Packages {3}no package manager that is known here$/mu);
  // macOS tells no drivers: none is not the word for that.
  assert.match(describe(machines.appleSilicon).join('\n'), /^GPU {8}Apple M2, shares memory$/mu);
});

run.run();
