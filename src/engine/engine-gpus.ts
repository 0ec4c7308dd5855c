/**
 * What whisper-cli says at its start of the GPUs it found and of the one it works on: each backend in its own words, and then
 * whisper.cpp itself, which stops looking at the one it was told to take. OpenVINO stands beside that: it takes the encoder alone,
 * and whisper.cpp goes on without it. Pure.
 */
import type { Backend } from '../backend.ts';
import { printable } from '../printable.ts';

export type EngineGpus = {
  /** Names, in the order of `-dev`: `NVIDIA GeForce RTX 3090`. Empty: none, or a build for the CPU alone. */
  devices: readonly string[];
  /** As the engine calls the one it works on: `CUDA0`; undefined: it works on the CPU. */
  gpuInUse: string | undefined;
  /** Where OpenVINO runs the encoder: `GPU`, `CPU`; absent: it does not. */
  openVino?: string;
  /** The first complaint about a device: `ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected`. */
  trouble?: string;
};

export const noGpus: EngineGpus = { devices: [], gpuInUse: undefined };

/** More are a mistake. */
const mostDevices = 64;

/** @returns what is known after one more line of what the engine says. */
export function addGpuLine(known: EngineGpus, line: string): EngineGpus {
  const isTrouble = known.trouble === undefined && troubles.some((trouble) => trouble.test(line));
  return addDeviceLine(isTrouble ? { ...known, trouble: printable(line.trim()) } : known, line);
}

/** What a backend says of itself when it cannot work; `no GPU found` alone gives no reason. */
const troubles = [
  /^ggml_cuda_init: failed to initialize /u,
  /^ggml_vulkan: (?:No devices found|Error: |Invalid device index|No suitable queue|device \S+ does not support)/u,
  /^ggml_metal\w*: error: /u,
  /^whisper_backend_init_gpu: failed to initialize /u,
  /^in openvino encoder compile routine: exception: /u,
  /failed to init OpenVINO encoder /u,
];

function addDeviceLine(known: EngineGpus, line: string): EngineGpus {
  const used = /^whisper_backend_init_gpu: using (\S+) backend/u.exec(line)?.[1];
  // A second model, that of voice activity detection, says "no GPU found" later on, and means itself.
  if (used !== undefined) return { ...known, gpuInUse: known.gpuInUse ?? printable(used) };
  if (/^whisper_backend_init_gpu: failed to initialize \S+ backend/u.test(line))
    return { ...known, gpuInUse: undefined };
  const openVino = /^whisper_openvino_init: path_model = .*, device = (\S+), cache_dir = /u.exec(line)?.[1];
  if (openVino !== undefined) return { ...known, openVino: printable(openVino) };
  if (saysNoOpenVino(line)) return withoutOpenVino(known);

  const count = foundCount(line);
  if (count !== undefined) return known.devices.length > 0 ? known : { ...known, devices: unnamed(count) };

  const named = namedDevice(line);
  if (named === undefined || named.index >= mostDevices) return known;
  const { index, name, isBetter } = named;
  // The name that a backend gives is for people; whisper.cpp's own, CUDA0, only where there is no other.
  if (index < known.devices.length && !isBetter) return known;
  const devices = [...known.devices, ...unnamed(index + 1).slice(known.devices.length)];
  return { ...known, devices: devices.with(index, printable(name)) };
}

/** The model that transcribes is on the CPU. One for voice activity detection may say so of itself, when a GPU is in use already. */
export function saysNoGpu(known: EngineGpus, line: string): boolean {
  return (
    known.gpuInUse === undefined && /^whisper_backend_init_gpu: (?:no GPU found|failed to initialize )/u.test(line)
  );
}

/** The encoder falls back to what would run without OpenVINO. */
export const saysNoOpenVino = (line: string): boolean => line.includes('failed to init OpenVINO encoder');

function withoutOpenVino({ devices, gpuInUse, trouble }: EngineGpus): EngineGpus {
  return { devices, gpuInUse, ...(trouble === undefined ? {} : { trouble }) };
}

/** As whisper.cpp calls devices -> what was built for them. ROCm and MUSA are the CUDA code, compiled for others. */
const families: [RegExp, Backend][] = [
  [/^(?:CUDA|ROCm|MUSA)\d/u, 'cuda'],
  [/^Vulkan\d/u, 'vulkan'],
  [/^(?:MTL|Metal)/u, 'metal'],
];

/** The backend that does the work; undefined for a GPU that none of ours is built for (`SYCL0`). */
export function backendInUse({ gpuInUse, openVino }: EngineGpus): Backend | undefined {
  if (openVino !== undefined) return 'openvino';
  return gpuInUse === undefined ? 'cpu' : families.find(([name]) => name.test(gpuInUse))?.[1];
}

/** `ggml_cuda_init: found 2 CUDA devices (Total VRAM: 48385 MiB):`, also ROCm and MUSA; `ggml_vulkan: Found 2 Vulkan devices:`. */
function foundCount(line: string): number | undefined {
  const count = /^ggml_\w+: [Ff]ound (\d{1,2}) \w+ devices\b/u.exec(line)?.[1];
  return count === undefined ? undefined : Math.min(mostDevices, Number(count));
}

/** Each with the line it comes from; the first and the second number are for people, the last is the engine's name for it. */
const patterns: { pattern: RegExp; isBetter: boolean }[] = [
  // `  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes`; ROCm: `  Device 0: AMD Radeon RX 6800, gfx1030 (0x1030), VMM: no`.
  { pattern: /^ {2}Device (?<index>\d{1,2}): (?<name>.+?), (?:compute capability |\S+ \(0x)/u, isBetter: true },
  // `ggml_vulkan: 0 = AMD Radeon RX 6800 (RADV NAVI21) (radv) | uma: 0 | fp16: 1 | ...`
  {
    pattern: /^ggml_vulkan: (?<index>\d{1,2}) = (?<name>.+) \(.*\) \| uma: /u,
    isBetter: true,
  },
  // `ggml_metal_device_init: GPU name:   MTL0 (Apple M2)`: there is one.
  { pattern: /^ggml_metal\w*: GPU name: +(?:MTL(?<index>\d{1,2}) \()?(?<name>[^()]+)\)?$/u, isBetter: true },
  // `whisper_backend_init_gpu: found GPU device 1: SYCL1 (type: 1, cnt: 1)`
  {
    pattern: /^whisper_backend_init_gpu: found GPU device \d+: (?<name>.+) \(type: \d, cnt: (?<index>\d{1,2})\)/u,
    isBetter: false,
  },
];

function namedDevice(line: string): { index: number; name: string; isBetter: boolean } | undefined {
  for (const { pattern, isBetter } of patterns) {
    const groups = pattern.exec(line)?.groups;
    if (groups?.['name'] !== undefined) return { index: Number(groups['index'] ?? 0), name: groups['name'], isBetter };
  }
  return undefined;
}

const unnamed = (count: number): string[] => Array.from({ length: count }, (_, index) => `GPU ${index}`);
