/** A laptop of 13th gen Core with its own graphics, which Vulkan lists first, and an NVIDIA card; no CUDA toolkit and no package manager. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx2Flags, bareMachine, llvmpipe, said, vulkanSummary } from '../bare-machine.ts';

export const twoGpus: MachineFacts = {
  ...bareMachine,
  kernel: '6.14.0-33-generic',
  cpu: { model: '13th Gen Intel(R) Core(TM) i9-13900HX', physicalCores: 24, flags: avx2Flags },
  processors: 32,
  memoryTotalBytes: 33_300_000_000,
  programs: {
    ...bareMachine.programs,
    'nvidia-smi': said('nvidia-smi', '0, NVIDIA GeForce RTX 4070 Laptop GPU, 580.95.05, 8188, 8.9\n'),
    vulkaninfo: vulkanSummary('1.3.275', [
      {
        apiVersion: '1.4.318',
        driverVersion: '25.2.8',
        vendorID: '0x8086',
        deviceID: '0xa788',
        deviceType: 'PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU',
        deviceName: 'Intel(R) Graphics (RPL-S)',
        driverID: 'DRIVER_ID_INTEL_OPEN_SOURCE_MESA',
        driverName: 'Intel open-source Mesa driver',
        driverInfo: 'Mesa 25.2.8-0ubuntu0.24.04.1',
        deviceUUID: '868088a7-0400-0000-0002-000000000000',
      },
      {
        apiVersion: '1.4.312',
        driverVersion: '580.95.5.0',
        vendorID: '0x10de',
        deviceID: '0x2860',
        deviceType: 'PHYSICAL_DEVICE_TYPE_DISCRETE_GPU',
        deviceName: 'NVIDIA GeForce RTX 4070 Laptop GPU',
        driverID: 'DRIVER_ID_NVIDIA_PROPRIETARY',
        driverName: 'NVIDIA',
        driverInfo: '580.95.05',
        deviceUUID: '7e611089-1272-699d-8985-ab84fef4311e',
      },
      llvmpipe,
    ]),
  },
  texts: { '/etc/os-release': 'NAME=NixOS\nID=nixos\nVERSION_ID="25.05"\nPRETTY_NAME="NixOS 25.05 (Warbler)"\n' },
  paths: ['/dev/nvidiactl'],
  folders: { '/dev/dri': ['by-path', 'card0', 'card1', 'renderD128', 'renderD129'] },
  pciDisplays: [
    { address: '0000:00:02.0', vendor: '8086', device: 'a788', driver: 'i915' },
    { address: '0000:01:00.0', vendor: '10de', device: '2860', driver: 'nvidia' },
  ],
};
