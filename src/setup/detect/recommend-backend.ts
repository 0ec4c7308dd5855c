/** Which backend suits a machine best, and why: what `--backend auto` takes. Pure. */
import type { Backend } from '../../backend.ts';
import { cudaMisfit, isOlder, oldestCapability } from './cuda-misfit.ts';
import { intelGeneration } from './intel-graphics.ts';
import type { Gpu, Machine } from './machine.ts';

export type Recommendation = {
  backend: Backend;
  /** A sentence for people. */
  reason: string;
  /** What else they should know: what is missing, what would be better. */
  notes: readonly string[];
};

export function recommendBackend(machine: Machine): Recommendation {
  const cards = machine.gpus.map((gpu) => ({ gpu, obstacle: cudaObstacle(machine, gpu) }));
  const choice =
    onApple(machine) ?? onCuda(machine, cards) ?? onVulkan(machine) ?? onOpenvino(machine) ?? onProcessor(machine);
  const notes =
    choice.backend === 'cuda'
      ? []
      : cards.flatMap(({ gpu, obstacle }) => (gpu.vendor === 'nvidia' && obstacle !== undefined ? [obstacle] : []));
  return { ...choice, notes: [...choice.notes, ...notes, ...unusedGraphics(machine, choice.backend)] };
}

function onApple({ os, cpu }: Machine): Recommendation | undefined {
  if (os.platform !== 'darwin' || cpu.architecture !== 'arm64') return undefined;
  return { backend: 'metal', reason: `${cpu.model} computes with its GPU through Metal.`, notes: [] };
}

function onCuda(
  machine: Machine,
  cards: readonly { gpu: Gpu; obstacle: string | undefined }[],
): Recommendation | undefined {
  const usable = cards.flatMap(({ gpu, obstacle }) => (obstacle === undefined ? [gpu] : []));
  const [first] = usable;
  if (first === undefined) return undefined;
  const { toolkits, surroundings } = machine;
  const notes: string[] = [];
  if (toolkits.nvcc === undefined)
    notes.push('The CUDA toolkit (nvcc) is not here yet; set-up installs it. It is large: some gigabytes.');
  if (surroundings === 'wsl')
    notes.push("The driver is that of Windows: do not install NVIDIA's driver for Linux in WSL.");
  if (usable.length > 1) notes.push(`${usable.length} cards: each can do a recording of its own.`);
  return { backend: 'cuda', reason: `${describeCard(first)}.`, notes };
}

/** "NVIDIA GeForce RTX 3090 with driver 550.54 (compute capability 8.6)" */
function describeCard({ name, driver, computeCapability }: Gpu): string {
  const withDriver = driver === undefined ? name : `${name} with driver ${driver}`;
  return computeCapability === undefined ? withDriver : `${withDriver} (compute capability ${computeCapability})`;
}

/** Why CUDA is not recommended on this GPU; undefined: it is. A sentence. */
function cudaObstacle(machine: Machine, gpu: Gpu): string | undefined {
  const { os, toolkits, packageManager } = machine;
  if (gpu.vendor !== 'nvidia') return 'CUDA is for NVIDIA cards.';
  const blocked = cudaBlock(machine, gpu);
  if (blocked !== undefined) return blocked;
  if (gpu.computeCapability === undefined)
    return `The driver of ${gpu.name} (${gpu.driver ?? 'unknown'}) does not tell its compute capability; a newer driver does. CUDA can be chosen with --backend cuda.`;
  if (toolkits.nvcc !== undefined) return cudaMisfit(toolkits.nvcc, gpu);
  // On Windows engines are not built but adopted, and bring what they need.
  if (os.platform === 'win32' || packageManager !== undefined) return undefined;
  return `${gpu.name} could be used with the CUDA toolkit (nvcc), which is not here and must be installed by hand.`;
}

/** Why CUDA cannot work on this NVIDIA card whatever is installed to build with. */
export function cudaBlock(machine: Machine, gpu: Gpu): string | undefined {
  const { driver, computeCapability, kernelDriver, name } = gpu;
  if (computeCapability !== undefined && isOlder(computeCapability, oldestCapability))
    return `${name} has compute capability ${computeCapability}; whisper.cpp needs ${oldestCapability} or newer.`;
  if (kernelDriver === 'vfio-pci') return `${name} is set aside for virtual machines (vfio-pci).`;
  if (kernelDriver === 'nouveau')
    return `${name} runs with the nouveau driver, which has no CUDA: install NVIDIA's own, and start the machine anew.`;
  // Mesa's drivers for these cards have names, NVIDIA's has a number.
  if (/^\d/u.test(driver ?? '') || /\bJetson\b/u.test(machine.board ?? '')) return undefined;
  const trouble = machine.troubles.find((line) => line.startsWith('nvidia-smi: '))?.slice('nvidia-smi: '.length);
  if (trouble !== undefined) return `The driver of ${name} does not answer: ${firstSentence(trouble)}`;
  return `${name} is there, but nvidia-smi is not: ${advice[machine.surroundings]}.`;
}

/** The next one is advice for other machines. */
export const firstSentence = (text: string): string => `${text.split(/\.(?: |$)/u, 1)[0] ?? ''}.`;

const advice: Readonly<Record<Machine['surroundings'], string>> = {
  plain: "install NVIDIA's driver",
  wsl: "install NVIDIA's driver in Windows",
  container: 'give the card to the container ("--gpus all", or "--device nvidia.com/gpu=all")',
  distrobox: 'make the box with "distrobox create --nvidia"',
  toolbox: "install NVIDIA's driver on the host, and make the toolbox anew",
};

function onVulkan(machine: Machine): Recommendation | undefined {
  const usable = machine.gpus.filter((gpu) => isWorthVulkan(machine, gpu));
  const gpu = usable.find(({ isIntegrated }) => !isIntegrated) ?? usable[0];
  if (gpu === undefined) return undefined;
  if (!gpu.hasVulkan) {
    const notes = ['Whether its Vulkan driver works is seen when vulkaninfo is there; set-up installs it.'];
    return { backend: 'vulkan', reason: `${gpu.name} is used through Vulkan.`, notes };
  }
  const driver = gpu.driver === undefined ? '' : ` (driver ${gpu.driver})`;
  return { backend: 'vulkan', reason: `${gpu.name} is used through Vulkan${driver}.`, notes: [] };
}

function isWorthVulkan(machine: Machine, gpu: Gpu): boolean {
  // What is not one of these is in phones and on boards, slower than the processor beside it, or lacks what ggml needs.
  if (!['nvidia', 'amd', 'intel'].includes(gpu.vendor) || machine.os.platform === 'darwin') return false;
  if (gpu.vendor === 'intel' && intelGeneration(gpu) === 'before-xe') return false;
  if (gpu.hasVulkan) return !isDozen(gpu);
  // Nobody has looked yet; with a driver of the kernel the rest is a package.
  const hasKernelDriver = machine.devices.dri.some((name) => name.startsWith('renderD'));
  return !machine.canListVulkan && hasKernelDriver && ['amdgpu', 'i915', 'xe'].includes(gpu.kernelDriver ?? '');
}

/** Vulkan on top of Windows' Direct3D, in WSL: unfinished, as it says itself. */
export const isDozen = ({ vulkanDriver }: Gpu): boolean => vulkanDriver?.startsWith('Dozen') ?? false;

/** The toolkit is large, and each model must be converted: `auto` takes it where somebody has installed it. */
function onOpenvino({ toolkits, cpu, gpus }: Machine): Recommendation | undefined {
  const isIntel = /intel/iu.test(cpu.model) || gpus.some(({ vendor }) => vendor === 'intel');
  if (toolkits.openvino === undefined || cpu.architecture !== 'x64' || !isIntel) return undefined;
  const reason = `OpenVINO ${toolkits.openvino} is installed, and does the larger part of the work faster on ${cpu.model}.`;
  return { backend: 'openvino', reason, notes: [] };
}

function onProcessor({ cpu, gpus }: Machine): Recommendation {
  const notes =
    cpu.architecture === 'x64' && cpu.features.length > 0 && !cpu.features.includes('avx2')
      ? ['This processor has no AVX2: expect it to be slow, and take a small model.']
      : [];
  const why = gpus.length === 0 ? 'No GPU was found' : 'No GPU here helps';
  return { backend: 'cpu', reason: `${why}: ${cpu.model} does the work.`, notes };
}

/** What is there and is not used, and why. */
function unusedGraphics(machine: Machine, backend: Backend): string[] {
  if (backend !== 'cpu' && backend !== 'openvino') return [];
  return machine.gpus.flatMap((gpu) => {
    if (gpu.vendor === 'intel' && intelGeneration(gpu) === 'before-xe')
      return [`${gpu.name} is no faster at this than the processor; OpenVINO can use it (--backend openvino).`];
    if (isDozen(gpu)) return [`${gpu.name} is reached through Direct3D only; --backend vulkan tries it.`];
    if (gpu.vendor === 'other') return [`${gpu.name} is not made for such work.`];
    if (gpu.vendor === 'nvidia' || gpu.hasVulkan || machine.os.platform === 'darwin') return [];
    if (gpu.kernelDriver === 'vfio-pci') return [`${gpu.name} is set aside for virtual machines (vfio-pci).`];
    const missing = machine.canListVulkan ? 'vulkaninfo does not list it' : 'the kernel has no driver for it';
    return [`${gpu.name} cannot be used: ${missing}. With a Vulkan driver, choose --backend vulkan.`];
  });
}
