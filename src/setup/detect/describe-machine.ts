/** `stt setup --detect`: what was found and what is recommended, as lines for people. Pure. */
import type { Gpu, Machine } from './machine.ts';
import type { Recommendation } from './recommend-backend.ts';

export function describeMachine(machine: Machine, { backend, reason, notes }: Recommendation): string[] {
  const { os, cpu, packageManager, gpus, softwareVulkan, troubles, board } = machine;
  const software =
    softwareVulkan === undefined ? [] : [`${softwareVulkan.name}: Vulkan on the processor, for trying out`];
  const rows: [label: string, lines: readonly string[]][] = [
    ['System', [`${os.name}, ${cpu.architecture}${places[machine.surroundings]}`]],
    ['Board', board === undefined ? [] : [board]],
    ['Packages', [packageManager ?? 'no package manager that is known here']],
    ['Processor', [describeProcessor(cpu)]],
    ['Memory', [gibibytes(machine.memoryBytes)]],
    ['Disk', [`${gibibytes(machine.diskFreeBytes)} free`]],
    [
      'GPU',
      gpus.length === 0 && software.length === 0 ? ['none'] : [...gpus.map((gpu) => describeGpu(gpu, os)), ...software],
    ],
    ['Toolkits', [describeToolkits(machine)]],
    ['Trouble', troubles],
    ['Best', [`${backend}: ${reason}`, ...notes]],
  ];
  return rows.flatMap(([label, lines]) =>
    lines.map((line, index) => `${(index === 0 ? label : '').padEnd(labelWidth)}${line}`),
  );
}

const labelWidth = 'Processor  '.length;

const places: Readonly<Record<Machine['surroundings'], string>> = {
  plain: '',
  container: ', in a container',
  distrobox: ', in a Distrobox',
  toolbox: ', in a toolbox',
  wsl: ', in WSL',
};

function describeProcessor({ model, physicalCores, processors, features }: Machine['cpu']): string {
  const all = processors < physicalCores ? `, ${processors} for this process` : `, ${count(processors, 'thread')}`;
  const threads = processors === physicalCores ? '' : all;
  const known = features.length === 0 ? '' : ` (${features.join(', ')})`;
  return `${model}: ${count(physicalCores, 'core')}${threads}${known}`;
}

function describeGpu(gpu: Gpu, os: Machine['os']): string {
  return [
    gpu.name,
    ...(gpu.isIntegrated ? ['shares memory'] : gpu.memoryBytes === undefined ? [] : [gibibytes(gpu.memoryBytes)]),
    ...driverOf(gpu, os),
    ...(gpu.computeCapability === undefined ? [] : [`compute capability ${gpu.computeCapability}`]),
    ...(gpu.hasVulkan ? ['Vulkan'] : []),
  ].join(', ');
}

/** Linux alone tells what it has bound to a device. */
function driverOf({ driver, kernelDriver }: Gpu, { platform }: Machine['os']): string[] {
  if (driver !== undefined) return [`driver ${driver}`];
  return platform === 'linux' ? [`${kernelDriver ?? 'no'} driver`] : [];
}

function describeToolkits({ toolkits: { nvcc, nvccFile, rocm, openvino, vulkan, glslc } }: Machine): string {
  const found = [
    ...(nvcc === undefined ? [] : [`CUDA ${nvcc}${nvccFile === undefined ? '' : ` (${nvccFile})`}`]),
    ...(vulkan === undefined ? [] : [`Vulkan ${vulkan}`]),
    ...(glslc === true ? ['glslc'] : []),
    ...(openvino === undefined ? [] : [`OpenVINO ${openvino}`]),
    ...(rocm === undefined ? [] : [`ROCm ${rocm} (not used)`]),
  ];
  return found.length === 0 ? 'none' : found.join(', ');
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** As memory is sold: a card of 24 GB has 24 GiB. */
const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(bytes < 10 * 2 ** 30 ? 1 : 0)} GiB`;
