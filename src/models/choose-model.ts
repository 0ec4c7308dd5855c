/** Which model a worker of this kind runs well, where nobody has chosen one. Pure. */
import type { Backend } from '../backend.ts';

export type ModelChoice = {
  backend: Backend;
  /** What this process may use. */
  memoryBytes: number;
  /** Of the card that will be used; undefined where nobody says, and where it shares the machine's. */
  gpuMemoryBytes?: number | undefined;
  physicalCores: number;
};

export type ChosenModel = {
  /** As in the catalogue. */
  name: string;
  /** For people: completes "large-v3-turbo: ...". */
  reason: string;
};

const gib = 1024 ** 3;

/** What may be used, and the best that runs well in it; the first that fits is chosen. Each leaves room for others. */
const onGpu = [
  { atLeastBytes: 3.5 * gib, name: 'large-v3-turbo' },
  { atLeastBytes: 1.9 * gib, name: 'large-v3-turbo-q5_0' },
  { atLeastBytes: 1.2 * gib, name: 'small' },
];
/** A processor takes longer than the recording for a large one; with OpenVINO it is the processor still that decodes. */
const onProcessor = [
  { atLeastBytes: 6 * gib, cores: 8, name: 'medium' },
  { atLeastBytes: 1.9 * gib, cores: 2, name: 'small' },
  { atLeastBytes: 0.9 * gib, cores: 1, name: 'base' },
];

export function chooseModel(choice: ModelChoice): ChosenModel {
  const { backend, memoryBytes, gpuMemoryBytes, physicalCores } = choice;
  if (backend === 'cpu' || backend === 'openvino') {
    const fitting = onProcessor.find(
      ({ atLeastBytes, cores }) => memoryBytes >= atLeastBytes && physicalCores >= cores,
    );
    const machine = `${physicalCores} ${physicalCores === 1 ? 'core' : 'cores'} and ${gibText(memoryBytes)} of memory`;
    return { name: fitting?.name ?? 'tiny', reason: `the best text at a bearable speed on ${machine}` };
  }
  const { bytes, what } = gpuRoom(memoryBytes, gpuMemoryBytes);
  const fitting = onGpu.find(({ atLeastBytes }) => bytes >= atLeastBytes);
  return { name: fitting?.name ?? 'base', reason: `the best text at a good speed in ${what}` };
}

function gpuRoom(memoryBytes: number, gpuMemoryBytes: number | undefined): { bytes: number; what: string } {
  if (gpuMemoryBytes !== undefined) return { bytes: gpuMemoryBytes, what: `${gibText(gpuMemoryBytes)} of GPU memory` };
  // Shared, or not known: drivers give a GPU half of the memory.
  return { bytes: memoryBytes / 2, what: `half of ${gibText(memoryBytes)} of memory, which the GPU shares` };
}

const gibText = (bytes: number): string => `${(bytes / gib).toFixed(1)} GiB`;
