/** What a backend needs and this machine does not have; what it has, and is no good. Pure. */
import type { Backend } from '../../backend.ts';
import { cudaMisfit } from './cuda-misfit.ts';
import { intelGeneration } from './intel-graphics.ts';
import type { Machine } from './machine.ts';
import { cudaBlock, firstSentence, isDozen } from './recommend-backend.ts';

/** @returns why this backend cannot work here, whatever is installed; undefined: it can. A sentence. */
export function missingHardware(machine: Machine, backend: Backend): string | undefined {
  return missing[backend](machine);
}

const missing: Readonly<Record<Backend, (machine: Machine) => string | undefined>> = {
  cpu: () => undefined,
  cuda: missingForCuda,
  vulkan: missingForVulkan,
  openvino: ({ cpu }) =>
    cpu.architecture === 'x64'
      ? undefined
      : `OpenVINO is for Intel's processors and graphics; this is ${cpu.model} (${cpu.architecture}).`,
  metal: ({ os }) => (os.platform === 'darwin' ? undefined : `Metal is there on macOS only; this is ${os.name}.`),
};

function missingForCuda(machine: Machine): string | undefined {
  if (machine.os.platform === 'darwin') return 'There is no CUDA for macOS; Metal takes its place.';
  const cards = machine.gpus.filter(({ vendor }) => vendor === 'nvidia');
  if (cards.length === 0) {
    const trouble = machine.troubles.find((line) => line.startsWith('nvidia-smi: '));
    return `This machine has no NVIDIA card. ${trouble === undefined ? '' : firstSentence(trouble)}`.trimEnd();
  }
  const blocks = cards.map((card) => cudaBlock(machine, card));
  // One that can do it is enough.
  return blocks.includes(undefined) ? undefined : blocks[0];
}

/** A GPU without its driver is not missing hardware: the driver is a package. */
function missingForVulkan({ os, gpus, softwareVulkan }: Machine): string | undefined {
  if (os.platform === 'darwin') return 'There is no Vulkan on macOS; Metal takes its place.';
  return gpus.length > 0 || softwareVulkan !== undefined
    ? undefined
    : 'No GPU was found here, and not even a Vulkan driver that does without.';
}

/** What people should know of this backend here before they wait for it. Sentences. */
export function hardwareWarnings(machine: Machine, backend: Backend): string[] {
  const { gpus, toolkits, softwareVulkan } = machine;
  if (backend === 'cuda') {
    const { nvcc } = toolkits;
    const cards = gpus.filter(({ vendor }) => vendor === 'nvidia');
    return nvcc === undefined ? [] : cards.flatMap((card) => cudaMisfit(nvcc, card) ?? []);
  }
  if (backend !== 'vulkan') return [];
  const usable = gpus.filter(({ hasVulkan }) => hasVulkan);
  if (usable.length > 0)
    return usable.flatMap((gpu) => {
      if (isDozen(gpu)) return [`${gpu.name} is reached through Direct3D: unfinished, and good for a try only.`];
      return gpu.vendor === 'intel' && intelGeneration(gpu) === 'before-xe'
        ? [`${gpu.name} is no faster at this than the processor.`]
        : [];
    });
  if (softwareVulkan !== undefined)
    return [`Vulkan here is ${softwareVulkan.name}: the processor itself, and slower than the cpu backend.`];
  return machine.canListVulkan
    ? gpus.map(({ name }) => `${name} has no Vulkan driver yet: vulkaninfo does not list it.`)
    : [];
}
