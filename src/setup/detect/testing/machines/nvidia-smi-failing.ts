/** AlmaLinux after a kernel update: the card is there, its driver was not built anew. A second card is of AMD. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx2Flags, bareMachine, nvccSays, said, vulkanSummary } from '../bare-machine.ts';

export const nvidiaSmiFailing: MachineFacts = {
  ...bareMachine,
  kernel: '5.14.0-570.49.1.el9_6.x86_64',
  cpu: { model: 'AMD Ryzen 5 5600G with Radeon Graphics', physicalCores: 6, flags: avx2Flags },
  processors: 12,
  memoryTotalBytes: 33_300_000_000,
  programs: {
    ...bareMachine.programs,
    'nvidia-smi': {
      kind: 'failed',
      why: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.",
    },
    nvcc: said('/usr/local/cuda/bin/nvcc', nvccSays('12.8')),
    lspci: said(
      'lspci',
      [
        '0000:01:00.0 "VGA compatible controller [0300]" "NVIDIA Corporation [10de]" "AD107 [GeForce RTX 4060] [2882]" -ra1 -p00 "" ""',
        '0000:0b:00.0 "VGA compatible controller [0300]" "Advanced Micro Devices, Inc. [AMD/ATI] [1002]" "Cezanne [Radeon Vega Series / Radeon Vega Mobile Series] [1638]" -rc9 -p00 "" ""',
        '',
      ].join('\n'),
    ),
    vulkaninfo: vulkanSummary('1.3.296', [
      {
        vendorID: '0x1002',
        deviceID: '0x1638',
        deviceType: 'PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU',
        deviceName: 'AMD Radeon Graphics (RADV RENOIR)',
        driverID: 'DRIVER_ID_MESA_RADV',
        driverName: 'radv',
        driverInfo: 'Mesa 24.2.8',
        deviceUUID: '00000000-0b00-0000-0000-000000000000',
      },
    ]),
  },
  packageManagers: ['dnf', 'yum'],
  texts: {
    '/etc/os-release':
      'NAME="AlmaLinux"\nVERSION="9.6 (Sage Margay)"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\nPRETTY_NAME="AlmaLinux 9.6 (Sage Margay)"\n',
  },
  folders: { '/dev/dri': ['by-path', 'card0', 'renderD128'] },
  pciDisplays: [
    { address: '0000:01:00.0', vendor: '10de', device: '2882' },
    { address: '0000:0b:00.0', vendor: '1002', device: '1638', driver: 'amdgpu', memoryBytes: 536_870_912 },
  ],
};
