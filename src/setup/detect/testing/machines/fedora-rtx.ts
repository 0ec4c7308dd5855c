/** A desktop with Fedora, an RTX 3090 and all that is needed to build for it. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx2Flags, bareMachine, glslcSays, llvmpipe, nvccSays, said, vulkanSummary } from '../bare-machine.ts';

export const fedoraRtx: MachineFacts = {
  ...bareMachine,
  kernel: '6.17.4-300.fc43.x86_64',
  cpu: { model: 'AMD Ryzen 9 5900X 12-Core Processor', physicalCores: 12, flags: avx2Flags },
  processors: 24,
  memoryTotalBytes: 67_325_435_904,
  diskFreeBytes: 812_000_000_000,
  programs: {
    ...bareMachine.programs,
    'nvidia-smi': said('nvidia-smi', '0, NVIDIA GeForce RTX 3090, 580.95.05, 24576, 8.6\n'),
    nvcc: said('/usr/local/cuda/bin/nvcc', nvccSays('13.0')),
    glslc: said('glslc', glslcSays),
    lspci: said(
      'lspci',
      [
        '0000:00:00.0 "Host bridge [0600]" "Advanced Micro Devices, Inc. [AMD] [1022]" "Starship/Matisse Root Complex [1480]" -p00 "" ""',
        '0000:0a:00.0 "VGA compatible controller [0300]" "NVIDIA Corporation [10de]" "GA102 [GeForce RTX 3090] [2204]" -ra1 -p00 "ASUSTeK Computer Inc. [1043]" "Device [87af]"',
        '0000:0a:00.1 "Audio device [0403]" "NVIDIA Corporation [10de]" "GA102 High Definition Audio Controller [1aef]" -ra1 -p00 "" ""',
        '',
      ].join('\n'),
    ),
    vulkaninfo: vulkanSummary('1.4.328', [
      {
        apiVersion: '1.4.312',
        driverVersion: '580.95.5.0',
        vendorID: '0x10de',
        deviceID: '0x2204',
        deviceType: 'PHYSICAL_DEVICE_TYPE_DISCRETE_GPU',
        deviceName: 'NVIDIA GeForce RTX 3090',
        driverID: 'DRIVER_ID_NVIDIA_PROPRIETARY',
        driverName: 'NVIDIA',
        driverInfo: '580.95.05',
        conformanceVersion: '1.4.1.3',
        deviceUUID: '8389ef2b-954d-4c2e-1e19-49bc92e5c34f',
        driverUUID: 'c642c5f0-0715-5db7-85d2-8c160b823f7d',
      },
      llvmpipe,
    ]),
  },
  packageManagers: ['dnf'],
  texts: {
    '/etc/os-release': `NAME="Fedora Linux"
VERSION="43 (Workstation Edition)"
RELEASE_TYPE=stable
ID=fedora
VERSION_ID=43
VERSION_CODENAME=""
PLATFORM_ID="platform:f43"
PRETTY_NAME="Fedora Linux 43 (Workstation Edition)"
ANSI_COLOR="0;38;2;60;110;180"
LOGO=fedora-logo-icon
CPE_NAME="cpe:/o:fedoraproject:fedora:43"
VARIANT="Workstation Edition"
VARIANT_ID=workstation
`,
    '/proc/version':
      'Linux version 6.17.4-300.fc43.x86_64 (mockbuild@builder) (gcc (GCC) 15.2.1) #1 SMP PREEMPT_DYNAMIC\n',
  },
  paths: ['/dev/nvidiactl'],
  folders: { '/dev/dri': ['by-path', 'card1', 'renderD128'] },
  pciDisplays: [{ address: '0000:0a:00.0', vendor: '10de', device: '2204', driver: 'nvidia' }],
};
