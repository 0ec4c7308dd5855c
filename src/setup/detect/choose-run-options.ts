/**
 * How an engine is started on this machine: for GPUs that need care, in place of patches to whisper.cpp's source. Chosen when it is
 * set up, and shown. Pure.
 */
import type { Backend } from '../../backend.ts';
import { plainRunOptions, type RunOptions } from '../../engine/run-options.ts';
import { intelGeneration } from './intel-graphics.ts';
import type { Gpu, Machine } from './machine.ts';

export function chooseRunOptions(machine: Machine, backend: Backend): RunOptions {
  if (backend === 'vulkan') return combine(chooseDevices(machine), careFor(vulkanGpus(machine)));
  return backend === 'openvino' ? chooseOpenvinoDevice(machine) : plainRunOptions;
}

type VisibleGpu = Gpu & { vulkanIndex: number };

/** Those that the engine sees. It takes all that it finds, in Vulkan's order, and the first is the default. */
function vulkanGpus({ gpus }: Machine): VisibleGpu[] {
  const all = gpus.flatMap((gpu) => (gpu.vulkanIndex === undefined ? [] : [{ ...gpu, vulkanIndex: gpu.vulkanIndex }]));
  const discrete = all.filter(({ isIntegrated }) => !isIntegrated);
  return (discrete.length > 0 ? discrete : all).toSorted((a, b) => a.vulkanIndex - b.vulkanIndex);
}

function chooseDevices(machine: Machine): RunOptions {
  const seen = vulkanGpus(machine);
  const hidden = machine.gpus.filter(({ vulkanIndex }) => !seen.some((gpu) => gpu.vulkanIndex === vulkanIndex));
  const hiddenNames = hidden.flatMap(({ name, hasVulkan }) => (hasVulkan ? [name] : []));
  if (hiddenNames.length > 0) {
    const names = seen.map(({ name }) => name).join(', ');
    return only(
      seen.map(({ vulkanIndex }) => vulkanIndex),
      `${names} alone: ${hiddenNames.join(', ')} is slower, and the engine would take whichever Vulkan lists first.`,
    );
  }
  const { softwareVulkan } = machine;
  return seen.length > 0 || softwareVulkan === undefined
    ? plainRunOptions
    : only([softwareVulkan.vulkanIndex], `${softwareVulkan.name} is named, since ggml takes no such device by itself.`);
}

const only = (indices: readonly number[], reason: string): RunOptions => ({
  arguments: [],
  environment: { GGML_VK_VISIBLE_DEVICES: indices.join(',') },
  reasons: [reason],
});

/** As reported to whisper.cpp and llama.cpp: lost devices, hangs and nonsense on Tiger Lake and its like; crashes on the RX 9070 XT. */
function careFor(gpus: readonly Gpu[]): RunOptions {
  const older = gpus.find((gpu) => gpu.vendor === 'intel' && intelGeneration(gpu) !== 'later');
  const radeon = gpus.find(crashesWithFlashAttention);
  const reasons = [
    ...(older === undefined
      ? []
      : [
          `No flash attention (-nfa) on ${older.name}: Intel graphics up to 13th gen Core have hung and lost the device with it.`,
          // ggml leaves it out on DG1 alone. 16-bit floats stay: nothing was reported against them, and they are fast.
          `No asynchronous work (GGML_VK_DISABLE_ASYNC) on ${older.name}: graphics of this age have made nonsense with it.`,
        ]),
    ...(radeon === undefined
      ? []
      : [`No flash attention (-nfa) on ${radeon.name}: AMD's own driver has crashed with it.`]),
  ];
  return {
    arguments: reasons.length > 0 ? ['-nfa'] : [],
    environment: older === undefined ? {} : { GGML_VK_DISABLE_ASYNC: '1' },
    reasons,
  };
}

/** RDNA 4 under AMD's own driver. */
function crashesWithFlashAttention({ vendor, name, vulkanDriver }: Gpu): boolean {
  return vendor === 'amd' && /\bRX 90\d0|R9700\b/u.test(name) && !(vulkanDriver?.startsWith('Mesa') ?? false);
}

function chooseOpenvinoDevice({ gpus, devices }: Machine): RunOptions {
  const gpu = gpus.find(({ vendor }) => vendor === 'intel');
  if (gpu === undefined || !devices.dri.some((name) => name.startsWith('renderD'))) return plainRunOptions;
  const reasons = [`OpenVINO computes on ${gpu.name} (-oved GPU).`];
  return { arguments: ['-oved', 'GPU'], environment: {}, reasons };
}

function combine(...all: readonly RunOptions[]): RunOptions {
  return {
    arguments: all.flatMap((options) => options.arguments),
    environment: Object.assign({}, ...all.map(({ environment }) => environment)) as RunOptions['environment'],
    reasons: all.flatMap(({ reasons }) => reasons),
  };
}
