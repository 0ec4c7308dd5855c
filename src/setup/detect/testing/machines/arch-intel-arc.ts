/** Arch with an Arc A770; the processor's own graphics are of 12th gen. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx2Flags, bareMachine, glslcSays, said, vulkanSummary } from '../bare-machine.ts';

const intelMesa = {
  vendorID: '0x8086',
  driverID: 'DRIVER_ID_INTEL_OPEN_SOURCE_MESA',
  driverName: 'Intel open-source Mesa driver',
  driverInfo: 'Mesa 25.2.5-arch1.1',
};

export const archIntelArc: MachineFacts = {
  ...bareMachine,
  kernel: '6.17.3-arch2-1',
  cpu: { model: '12th Gen Intel(R) Core(TM) i5-12600K', physicalCores: 10, flags: `${avx2Flags} avx_vnni` },
  processors: 16,
  memoryTotalBytes: 33_300_000_000,
  programs: {
    ...bareMachine.programs,
    glslc: said('glslc', glslcSays),
    vulkaninfo: vulkanSummary('1.4.328', [
      {
        ...intelMesa,
        deviceID: '0x4680',
        deviceType: 'PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU',
        deviceName: 'Intel(R) UHD Graphics 770 (ADL-S GT1)',
        deviceUUID: '86808046-0c00-0000-0002-000000000000',
      },
      {
        ...intelMesa,
        deviceID: '0x56a0',
        deviceType: 'PHYSICAL_DEVICE_TYPE_DISCRETE_GPU',
        deviceName: 'Intel(R) Arc(tm) A770 Graphics (DG2)',
        deviceUUID: '8680a056-0800-0000-0300-000000000000',
      },
    ]),
  },
  packageManagers: ['pacman'],
  texts: {
    '/etc/os-release':
      'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\nANSI_COLOR="38;2;23;147;209"\n',
  },
  folders: { '/dev/dri': ['by-path', 'card0', 'card1', 'renderD128', 'renderD129'] },
  pciDisplays: [
    { address: '0000:00:02.0', vendor: '8086', device: '4680', driver: 'i915' },
    { address: '0000:03:00.0', vendor: '8086', device: '56a0', driver: 'i915' },
  ],
};
