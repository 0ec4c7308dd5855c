/** A desktop with Ubuntu, a Radeon and ROCm. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx512Flags, bareMachine, llvmpipe, said, vulkanSummary } from '../bare-machine.ts';

export const ubuntuAmd: MachineFacts = {
  ...bareMachine,
  kernel: '6.8.0-86-generic',
  cpu: { model: 'AMD Ryzen 7 7700 8-Core Processor', physicalCores: 8, flags: avx512Flags },
  processors: 16,
  memoryTotalBytes: 33_554_432_000,
  programs: {
    ...bareMachine.programs,
    hipcc: said('/opt/rocm/bin/hipcc', 'HIP version: 6.4.43484-123eb5128\nAMD clang version 19.0.0git\n'),
    lspci: said(
      'lspci',
      '0000:03:00.0 "VGA compatible controller [0300]" "Advanced Micro Devices, Inc. [AMD/ATI] [1002]" "Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M] [744c]" -rc8 -p00 "Sapphire Technology Limited [1da2]" "Device [471e]"\n',
    ),
    vulkaninfo: vulkanSummary('1.3.275', [
      {
        apiVersion: '1.4.318',
        driverVersion: '25.2.8',
        vendorID: '0x1002',
        deviceID: '0x744c',
        deviceType: 'PHYSICAL_DEVICE_TYPE_DISCRETE_GPU',
        deviceName: 'AMD Radeon RX 7900 XTX (RADV NAVI31)',
        driverID: 'DRIVER_ID_MESA_RADV',
        driverName: 'radv',
        driverInfo: 'Mesa 25.2.8-0ubuntu0.24.04.1',
        conformanceVersion: '1.4.0.0',
        deviceUUID: '00000000-0300-0000-0000-000000000000',
        driverUUID: '414d442d-4d45-5341-2d44-525600000000',
      },
      llvmpipe,
    ]),
  },
  packageManagers: ['apt-get'],
  texts: {
    '/etc/os-release': `PRETTY_NAME="Ubuntu 24.04.3 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.3 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
LOGO=ubuntu-logo
`,
    '/opt/rocm/.info/version': '6.4.4-129\n',
  },
  paths: ['/dev/kfd'],
  folders: { '/dev/dri': ['by-path', 'card1', 'renderD128'] },
  pciDisplays: [
    { address: '0000:03:00.0', vendor: '1002', device: '744c', driver: 'amdgpu', memoryBytes: 25_753_026_560 },
  ],
};
