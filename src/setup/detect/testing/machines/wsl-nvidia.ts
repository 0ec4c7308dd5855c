/** Ubuntu in WSL 2: the driver is that of Windows, behind /dev/dxg; Vulkan shows the card twice through Direct3D. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx2Flags, bareMachine, llvmpipe, said, vulkanSummary } from '../bare-machine.ts';

const dozen = {
  apiVersion: '1.2.354',
  driverVersion: '26.1.4',
  vendorID: '0x10de',
  deviceID: '0x2482',
  deviceType: 'PHYSICAL_DEVICE_TYPE_DISCRETE_GPU',
  deviceName: 'Microsoft Direct3D12 (NVIDIA GeForce RTX 3070 Ti)',
  driverID: 'DRIVER_ID_MESA_DOZEN',
  driverName: 'Dozen',
  driverInfo: 'Mesa 26.1.4 - kisak-mesa PPA',
  conformanceVersion: '0.0.0.0',
  deviceUUID: '733351a2-872e-52d1-9a24-c27af4e0e5b4',
  driverUUID: '2cdde3df-0e66-1395-7d0c-91c3a968d1b6',
};

export const wslNvidia: MachineFacts = {
  ...bareMachine,
  kernel: '6.6.87.2-microsoft-standard-WSL2',
  cpu: { model: '12th Gen Intel(R) Core(TM) i7-12700K', physicalCores: 10, flags: avx2Flags },
  processors: 20,
  memoryTotalBytes: 16_614_789_120,
  programs: {
    ...bareMachine.programs,
    'nvidia-smi': said('/usr/lib/wsl/lib/nvidia-smi', '0, NVIDIA GeForce RTX 3070 Ti, 581.57, 8192, 8.6\r\n'),
    vulkaninfo: vulkanSummary('1.3.275', [dozen, dozen, llvmpipe]),
  },
  packageManagers: ['apt-get'],
  texts: {
    '/etc/os-release':
      'PRETTY_NAME="Ubuntu 24.04.3 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n',
    '/proc/version':
      'Linux version 6.6.87.2-microsoft-standard-WSL2 (root@builder) (gcc (GCC) 11.2.0, GNU ld (GNU Binutils) 2.37) #1 SMP PREEMPT_DYNAMIC\n',
    '/run/systemd/container': 'wsl\n',
  },
  paths: ['/dev/dxg'],
};
