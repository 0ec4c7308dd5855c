/** A Jetson AGX Orin: its nvidia-smi knows the name and little else. */
import type { MachineFacts } from '../../machine-facts.ts';
import { arm64Flags, bareMachine, nvccSays, said, vulkanSummary } from '../bare-machine.ts';

export const jetson: MachineFacts = {
  ...bareMachine,
  architecture: 'arm64',
  kernel: '5.15.148-tegra',
  cpu: { model: 'ARM Cortex-A78AE', physicalCores: 12, flags: arm64Flags },
  processors: 12,
  memoryTotalBytes: 65_900_000_000,
  programs: {
    ...bareMachine.programs,
    'nvidia-smi': said('nvidia-smi', '0, Orin (nvgpu), 540.4.0, [N/A], [N/A]\n'),
    nvcc: said('/usr/local/cuda/bin/nvcc', nvccSays('12.6')),
    vulkaninfo: vulkanSummary('1.3.204', [
      {
        apiVersion: '4206843 (1.3.251)',
        driverVersion: '2265006080 (0x87010000)',
        vendorID: '0x10de',
        deviceID: '0x97ba0003',
        deviceType: 'PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU',
        deviceName: 'NVIDIA Tegra Orin (nvgpu)',
        driverID: 'DRIVER_ID_NVIDIA_PROPRIETARY',
        driverName: 'NVIDIA',
        driverInfo: '540.4.0',
        conformanceVersion: '1.3.5.0',
        deviceUUID: '0d7b1ff1-6a5f-51cb-9c1c-1a0e8ff8c2c5',
        driverUUID: '9f6a2d0e-27ac-5ea7-8c0b-0f6a9f7c2b31',
      },
    ]),
  },
  packageManagers: ['apt-get'],
  texts: {
    '/etc/os-release':
      'PRETTY_NAME="Ubuntu 22.04.5 LTS"\nNAME="Ubuntu"\nVERSION_ID="22.04"\nID=ubuntu\nID_LIKE=debian\n',
    '/etc/nv_tegra_release':
      '# R36 (release), REVISION: 4.4, GCID: 41062509, BOARD: generic, EABI: aarch64, DATE: Mon Jun 16 16:07:13 UTC 2025\n',
    '/proc/device-tree/model': 'NVIDIA Jetson AGX Orin Developer Kit\u0000',
  },
  paths: ['/dev/nvhost-gpu'],
  folders: { '/dev/dri': ['by-path', 'card0', 'card1', 'renderD128', 'renderD129'] },
};
