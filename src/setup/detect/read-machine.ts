/** Makes a machine of the facts that were gathered. Pure: facts recorded elsewhere are read in the same way. */
import { printable } from '../../printable.ts';
import { familyOf } from '../packages/package-table.ts';
import { managersOf, type PackageManager } from '../packages/packages.ts';
import { findGpus } from './find-gpus.ts';
import type { Machine, OperatingSystem } from './machine.ts';
import type { AskedProgram, MachineFacts } from './machine-facts.ts';
import { readOperatingSystem } from './operating-system.ts';
import { parseVulkaninfo } from './parse-vulkaninfo.ts';
import { readProcessor } from './processor.ts';
import { readSurroundings } from './surroundings.ts';
import { readToolkits } from './toolkits.ts';

export function readMachine(facts: MachineFacts): Machine {
  const { texts, paths, folders, programs } = facts;
  const swVers = programs.sw_vers.kind === 'answered' ? programs.sw_vers.text : '';
  const os = readOperatingSystem(texts['/etc/os-release'] ?? texts['/usr/lib/os-release'], facts.platform, {
    version: facts.platform === 'darwin' ? swVers : facts.kernel,
    name: facts.systemName,
  });
  const board = printable(texts['/proc/device-tree/model'] ?? '');
  const software = softwareVulkan(facts);
  return {
    os,
    packageManager: choosePackageManager(os, facts.packageManagers),
    surroundings: readSurroundings(facts),
    ...(board !== '' && { board }),
    cpu: readProcessor(facts),
    memoryBytes: facts.memoryLimitBytes ?? facts.memoryTotalBytes,
    diskFreeBytes: facts.diskFreeBytes ?? 0,
    gpus: findGpus(facts, board),
    ...(software !== undefined && { softwareVulkan: software }),
    canListVulkan: programs.vulkaninfo.kind !== 'missing',
    toolkits: readToolkits(facts),
    devices: {
      dri: (folders['/dev/dri'] ?? []).filter((name) => /^(?:card|renderD)\d+$/u.test(name)),
      kfd: paths.includes('/dev/kfd'),
      nvidia: paths.includes('/dev/nvidiactl') || paths.includes('/dev/nvhost-gpu'),
    },
    troubles: findTroubles(facts),
  };
}

/** The system's own, not one that was added: Debian has dnf, and Fedora may have Homebrew. */
function choosePackageManager(os: OperatingSystem, found: readonly string[]): PackageManager | undefined {
  return managersOf(familyOf(os)).find((manager) => found.includes(manager));
}

function softwareVulkan({ programs: { vulkaninfo } }: MachineFacts): Machine['softwareVulkan'] {
  const devices = vulkaninfo.kind === 'answered' ? parseVulkaninfo(vulkaninfo.text).devices : [];
  const software = devices.find(({ kind }) => kind === 'software');
  return software && { name: software.name, vulkanIndex: software.index };
}

/** Those whose silence means something: that pkg-config knows no OpenVINO is no trouble. */
const telling = ['nvidia-smi', 'nvcc', 'vulkaninfo', 'glslc'] as const satisfies readonly AskedProgram[];

function findTroubles({ programs, troubles, diskFreeBytes }: MachineFacts): string[] {
  const failed = telling.flatMap((name) => {
    const answer = programs[name];
    return answer.kind === 'failed' ? [`${name}: ${printable(answer.why)}`] : [];
  });
  const disk = diskFreeBytes === undefined ? ['disk: nobody tells how much is free'] : [];
  return [...failed, ...troubles.map(printable), ...disk];
}
