/** Machines for tests of decisions: a plain one, and what is different. */
import type { Gpu, Machine } from '../../detect/machine.ts';

const gibibyte = 1024 ** 3;

export function machineWith(more: Partial<Machine> = {}): Machine {
  return {
    os: { platform: 'linux', id: 'fedora', like: [], version: '43', name: 'Fedora Linux 43' },
    packageManager: 'dnf',
    surroundings: 'plain',
    cpu: { model: 'a processor', architecture: 'x64', physicalCores: 8, processors: 16, features: ['avx2'] },
    memoryBytes: 32 * gibibyte,
    diskFreeBytes: 100 * gibibyte,
    gpus: [],
    canListVulkan: false,
    toolkits: {},
    devices: { dri: [], kfd: false, nvidia: false },
    troubles: [],
    ...more,
  };
}

/** @param computeCapability Undefined: its driver does not say. */
export function nvidiaCard(computeCapability?: string): Gpu {
  const known = computeCapability === undefined ? {} : { computeCapability };
  return { vendor: 'nvidia', name: 'a card', isIntegrated: false, hasVulkan: true, ...known };
}
