import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Machine } from './machine.ts';
import type { MachineFacts, ProgramAnswer } from './machine-facts.ts';
import { readMachine } from './read-machine.ts';
import { bareMachine, said } from './testing/bare-machine.ts';
import { type MachineName, machines } from './testing/machines/index.ts';

const run = suite('readMachine');

type Expected = {
  os: [id: string, version: string];
  manager?: Machine['packageManager'];
  surroundings?: Machine['surroundings'];
  board?: string;
  memoryGib: number;
  /** Name, and what else is known of it. */
  gpus: (Partial<Machine['gpus'][number]> & { name: string })[];
  toolkits?: Machine['toolkits'];
  hasSoftwareVulkan?: boolean;
};

const gib = 2 ** 30;

const expected: Record<MachineName, Expected> = {
  appleSilicon: {
    os: ['macos', '26.0.1'],
    manager: 'brew',
    memoryGib: 16,
    gpus: [{ name: 'Apple M2', vendor: 'apple', isIntegrated: true, hasVulkan: false }],
  },
  archIntelArc: {
    os: ['arch', ''],
    manager: 'pacman',
    memoryGib: 31,
    gpus: [
      { name: 'Intel(R) UHD Graphics 770 (ADL-S GT1)', isIntegrated: true, vulkanIndex: 0, kernelDriver: 'i915' },
      { name: 'Intel(R) Arc(tm) A770 Graphics (DG2)', isIntegrated: false, vulkanIndex: 1, driver: 'Mesa 25.2.5' },
    ],
    toolkits: { vulkan: '1.4.328', glslc: true },
  },
  distroboxFedora: {
    os: ['fedora', '43'],
    manager: 'dnf',
    surroundings: 'distrobox',
    memoryGib: 15.6,
    gpus: [{ name: 'NVIDIA graphics (10de:1f08)', vendor: 'nvidia', kernelDriver: 'nvidia' }],
  },
  driverWithoutToolkit: {
    os: ['debian', '13'],
    manager: 'apt-get',
    memoryGib: 125.7,
    gpus: Array.from({ length: 2 }, () => ({
      name: 'NVIDIA RTX A4000',
      pciId: '10de:24b0',
      driver: '550.163.01',
      computeCapability: '8.6',
      memoryBytes: 16_376 * 2 ** 20,
      hasVulkan: false,
    })),
  },
  el9Headless: { os: ['rocky', '9.6'], manager: 'dnf', memoryGib: 125.7, gpus: [] },
  fedoraIntelXe: {
    os: ['fedora', '43'],
    manager: 'dnf',
    memoryGib: 15.3,
    gpus: [
      {
        name: 'Intel(R) Iris(R) Xe Graphics (TGL GT2)',
        vendor: 'intel',
        pciId: '8086:9a49',
        isIntegrated: true,
        hasVulkan: true,
        driver: 'Mesa 25.2.8',
        kernelDriver: 'i915',
      },
    ],
    toolkits: { vulkan: '1.4.328', glslc: true },
    hasSoftwareVulkan: true,
  },
  fedoraRtx: {
    os: ['fedora', '43'],
    manager: 'dnf',
    memoryGib: 62.7,
    gpus: [
      {
        name: 'NVIDIA GeForce RTX 3090',
        vendor: 'nvidia',
        pciId: '10de:2204',
        isIntegrated: false,
        hasVulkan: true,
        vulkanIndex: 0,
        driver: '580.95.05',
        kernelDriver: 'nvidia',
        computeCapability: '8.6',
        memoryBytes: 24 * gib,
      },
    ],
    toolkits: { nvcc: '13.0', nvccFile: '/usr/local/cuda/bin/nvcc', vulkan: '1.4.328', glslc: true },
    hasSoftwareVulkan: true,
  },
  jetson: {
    os: ['ubuntu', '22.04'],
    manager: 'apt-get',
    board: 'NVIDIA Jetson AGX Orin Developer Kit',
    memoryGib: 61.4,
    gpus: [
      {
        name: 'NVIDIA Jetson AGX Orin Developer Kit',
        vendor: 'nvidia',
        isIntegrated: true,
        hasVulkan: true,
        driver: '540.4.0',
        computeCapability: '8.7',
      },
    ],
    toolkits: { nvcc: '12.6', nvccFile: '/usr/local/cuda/bin/nvcc', vulkan: '1.3.204' },
  },
  llvmpipeOnly: {
    os: ['debian', '12'],
    manager: 'apt-get',
    surroundings: 'container',
    memoryGib: 8,
    gpus: [],
    toolkits: { nvcc: '13.0', openvino: '2025.3.0', vulkan: '1.3.239', glslc: true },
    hasSoftwareVulkan: true,
  },
  nvidiaSmiFailing: {
    os: ['almalinux', '9.6'],
    manager: 'dnf',
    memoryGib: 31,
    gpus: [
      { name: 'AMD Radeon Graphics (RADV RENOIR)', isIntegrated: true, hasVulkan: true, kernelDriver: 'amdgpu' },
      { name: 'NVIDIA GeForce RTX 4060', vendor: 'nvidia', pciId: '10de:2882', hasVulkan: false },
    ],
    toolkits: { nvcc: '12.8', nvccFile: '/usr/local/cuda/bin/nvcc', vulkan: '1.3.296' },
  },
  oldIntelLaptop: {
    os: ['linuxmint', '22.2'],
    manager: 'apt-get',
    memoryGib: 7.6,
    gpus: [{ name: 'Intel(R) UHD Graphics 620 (KBL GT2)', isIntegrated: true, hasVulkan: true }],
    toolkits: { vulkan: '1.3.275' },
    hasSoftwareVulkan: true,
  },
  raspberryPi: {
    os: ['debian', '13'],
    manager: 'apt-get',
    board: 'Raspberry Pi 5 Model B Rev 1.0',
    memoryGib: 7.9,
    gpus: [{ name: 'V3D 7.1.7.0', vendor: 'other', isIntegrated: true, hasVulkan: true }],
    toolkits: { vulkan: '1.4.309' },
    hasSoftwareVulkan: true,
  },
  toolkitWithoutDriver: {
    os: ['opensuse-tumbleweed', '20251018'],
    manager: 'zypper',
    memoryGib: 31,
    gpus: [{ name: 'NVIDIA GeForce RTX 2060 Rev. A', kernelDriver: 'nouveau', hasVulkan: false }],
    toolkits: { nvcc: '12.9' },
  },
  twoGpus: {
    os: ['nixos', '25.05'],
    memoryGib: 31,
    gpus: [
      { name: 'NVIDIA GeForce RTX 4070 Laptop GPU', vulkanIndex: 1, pciId: '10de:2860', computeCapability: '8.9' },
      { name: 'Intel(R) Graphics (RPL-S)', vulkanIndex: 0, pciId: '8086:a788', isIntegrated: true },
    ],
    toolkits: { vulkan: '1.3.275' },
    hasSoftwareVulkan: true,
  },
  ubuntuAmd: {
    os: ['ubuntu', '24.04'],
    manager: 'apt-get',
    memoryGib: 31.3,
    gpus: [
      {
        name: 'AMD Radeon RX 7900 XTX (RADV NAVI31)',
        vendor: 'amd',
        isIntegrated: false,
        hasVulkan: true,
        driver: 'Mesa 25.2.8',
        kernelDriver: 'amdgpu',
        memoryBytes: 25_753_026_560,
      },
    ],
    toolkits: { rocm: '6.4.4', vulkan: '1.3.275' },
    hasSoftwareVulkan: true,
  },
  windowsRadeon: {
    os: ['windows', '10.0.26200'],
    memoryGib: 63.8,
    gpus: [
      { name: 'AMD Radeon RX 9070 XT', vendor: 'amd', hasVulkan: true, driver: '26.5.1', memoryBytes: 16304 * 2 ** 20 },
    ],
    toolkits: { vulkan: '1.4.309' },
  },
  wslNvidia: {
    os: ['ubuntu', '24.04'],
    manager: 'apt-get',
    surroundings: 'wsl',
    memoryGib: 15.5,
    gpus: [
      {
        name: 'NVIDIA GeForce RTX 3070 Ti',
        driver: '581.57',
        computeCapability: '8.6',
        hasVulkan: true,
        vulkanIndex: 0,
        memoryBytes: 8 * gib,
      },
    ],
    toolkits: { vulkan: '1.3.275' },
    hasSoftwareVulkan: true,
  },
};

for (const [name, facts] of Object.entries(machines)) {
  run(`reads the recorded machine ${name}`, () => {
    const machine = readMachine(facts);
    const { os, manager, surroundings, board, memoryGib, gpus, toolkits, hasSoftwareVulkan } =
      expected[name as MachineName];
    assert.equal([machine.os.id, machine.os.version], os);
    assert.is(machine.packageManager, manager);
    assert.is(machine.surroundings, surroundings ?? 'plain');
    assert.is(machine.board, board);
    assert.ok(Math.abs(machine.memoryBytes / gib - memoryGib) < 0.1, `${machine.memoryBytes / gib} GiB`);
    assert.equal(
      machine.gpus.map((gpu) => gpu.name),
      gpus.map((gpu) => gpu.name),
    );
    for (const [index, gpu] of gpus.entries()) assert.equal({ ...machine.gpus[index], ...gpu }, machine.gpus[index]);
    assert.equal(machine.toolkits, toolkits ?? {});
    assert.is(machine.softwareVulkan !== undefined, hasSoftwareVulkan ?? false);
    assert.not(machine.gpus.some((gpu) => gpu.name.includes('llvmpipe')));
    // Who shares the machine's memory has none of its own, whatever is set aside.
    assert.not(machine.gpus.some((gpu) => gpu.isIntegrated && gpu.memoryBytes !== undefined));
  });
}

run('knows the processor, and what ggml makes use of', () => {
  assert.equal(readMachine(machines.fedoraIntelXe).cpu, {
    model: '11th Gen Intel Core i7-1165G7',
    architecture: 'x64',
    physicalCores: 4,
    processors: 8,
    features: ['avx', 'avx2', 'fma', 'f16c', 'bmi2', 'avx512f', 'avx512vbmi', 'avx512_vnni'],
  });
  assert.equal(readMachine(machines.raspberryPi).cpu.features, ['neon', 'dotprod', 'fp16']);
  // macOS tells none of its own chips.
  assert.equal(readMachine(machines.appleSilicon).cpu.features, ['neon', 'dotprod', 'fp16']);
  const unknown = readMachine({ ...bareMachine, processors: 3 }).cpu;
  assert.equal([unknown.model, unknown.physicalCores], ['unknown processor', 3]);
});

run('says which programs failed, and not which are missing', () => {
  assert.match(readMachine(machines.nvidiaSmiFailing).troubles.join(), /^nvidia-smi: NVIDIA-SMI has failed/u);
  assert.equal(readMachine(bareMachine).troubles, []);
  const { diskFreeBytes: _, ...withoutDisk } = bareMachine;
  assert.match(
    readMachine({ ...withoutDisk, troubles: ['graphics: no\nanswer'] }).troubles.join('; '),
    /graphics: no answer; disk/u,
  );
});

run('takes the manager of the system, not one that was added', () => {
  const manager = (osRelease: string, packageManagers: string[]): unknown =>
    readMachine({ ...bareMachine, texts: { '/etc/os-release': osRelease }, packageManagers }).packageManager;
  assert.is(manager('ID=debian', ['dnf', 'apt-get']), 'apt-get');
  assert.is(manager('ID=fedora', ['dnf', 'brew']), 'dnf');
  assert.is(manager('ID=something', ['zypper']), 'zypper');
  assert.is(manager('ID=fedora', []), undefined);
});

run('tells two cards of one kind apart from one that is told of twice', () => {
  const smi = '0, NVIDIA GeForce RTX 3090, 580.95.05, 24576, 8.6\n1, NVIDIA GeForce RTX 3090, 580.95.05, 24576, 8.6\n';
  const { programs } = machines.fedoraRtx;
  const machine = readMachine({
    ...machines.fedoraRtx,
    programs: { ...programs, 'nvidia-smi': said('nvidia-smi', smi) },
  });
  // Vulkan and the bus each tell of one of the two.
  assert.equal(
    machine.gpus.map(({ hasVulkan, pciId }) => [hasVulkan, pciId]),
    [
      [true, '10de:2204'],
      [false, undefined],
    ],
  );
});

run('gives a card the id of its own place on the bus, though another is there', () => {
  const { programs, pciDisplays } = machines.fedoraRtx;
  const old = { address: '0000:05:00.0', vendor: '10de', device: '128b', driver: 'nouveau' };
  const machine = readMachine({
    ...machines.fedoraRtx,
    programs: { ...programs, vulkaninfo: { kind: 'missing' } },
    pciDisplays: [old, ...pciDisplays],
  });
  assert.equal(
    machine.gpus.map(({ name, pciId }) => [name, pciId]),
    [
      ['NVIDIA GeForce RTX 3090', '10de:2204'],
      ['NVIDIA graphics (10de:128b)', '10de:128b'],
    ],
  );
});

run('knows a Jetson without nvidia-smi, and one that tells more than its name', () => {
  const withSmi = (answer: ProgramAnswer): unknown => {
    const machine = readMachine({
      ...machines.jetson,
      programs: { ...machines.jetson.programs, 'nvidia-smi': answer },
    });
    return machine.gpus.map(({ vendor, computeCapability, isIntegrated }) => [vendor, computeCapability, isIntegrated]);
  };
  assert.equal(withSmi({ kind: 'missing' }), [['nvidia', '8.7', true]]);
  assert.equal(withSmi(said('nvidia-smi', '0, Orin (nvgpu), 540.4.0, [N/A], 8.7\n')), [['nvidia', '8.7', true]]);
});

run('is the same after a journey through JSON', () => {
  for (const facts of Object.values(machines))
    assert.equal(readMachine(JSON.parse(JSON.stringify(facts)) as MachineFacts), readMachine(facts));
});

run.run();
