/** A laptop of 8th gen Core with Linux Mint: graphics that Vulkan lists, and that help nothing. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx2Flags, bareMachine, llvmpipe, vulkanSummary } from '../bare-machine.ts';

export const oldIntelLaptop: MachineFacts = {
  ...bareMachine,
  kernel: '6.8.0-86-generic',
  cpu: { model: 'Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz', physicalCores: 4, flags: avx2Flags },
  processors: 8,
  memoryTotalBytes: 8_200_000_000,
  programs: {
    ...bareMachine.programs,
    vulkaninfo: vulkanSummary('1.3.275', [
      {
        vendorID: '0x8086',
        deviceID: '0x5917',
        deviceType: 'PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU',
        deviceName: 'Intel(R) UHD Graphics 620 (KBL GT2)',
        driverID: 'DRIVER_ID_INTEL_OPEN_SOURCE_MESA',
        driverName: 'Intel open-source Mesa driver',
        driverInfo: 'Mesa 25.0.7-0ubuntu0.24.04.2',
        deviceUUID: '86801759-0700-0000-0002-000000000000',
      },
      llvmpipe,
    ]),
  },
  packageManagers: ['apt-get'],
  texts: {
    '/etc/os-release':
      'NAME="Linux Mint"\nVERSION_ID="22.2"\nID=linuxmint\nID_LIKE="ubuntu debian"\nPRETTY_NAME="Linux Mint 22.2"\n',
  },
  folders: { '/dev/dri': ['by-path', 'card1', 'renderD128'] },
  pciDisplays: [{ address: '0000:00:02.0', vendor: '8086', device: '5917', driver: 'i915' }],
};
