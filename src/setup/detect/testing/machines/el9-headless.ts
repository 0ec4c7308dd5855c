/** A server with Rocky Linux 9: nothing but the chip of its console, and a service that may use half of its memory. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx512Flags, bareMachine, said } from '../bare-machine.ts';

export const el9Headless: MachineFacts = {
  ...bareMachine,
  kernel: '5.14.0-570.el9.x86_64',
  cpu: { model: 'Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz', physicalCores: 64, flags: avx512Flags },
  processors: 16,
  memoryTotalBytes: 270_000_000_000,
  memoryLimitBytes: 135_000_000_000,
  programs: {
    ...bareMachine.programs,
    lspci: said(
      'lspci',
      '0000:03:00.0 "VGA compatible controller [0300]" "ASPEED Technology, Inc. [1a03]" "ASPEED Graphics Family [2000]" -r41 -p00 "Super Micro Computer Inc [15d9]" "Device [1b95]"\n',
    ),
  },
  packageManagers: ['dnf', 'yum'],
  texts: {
    '/etc/os-release': `NAME="Rocky Linux"
VERSION="9.6 (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.6"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Rocky Linux 9.6 (Blue Onyx)"
CPE_NAME="cpe:/o:rocky:rocky:9::baseos"
REDHAT_SUPPORT_PRODUCT="Rocky Linux"
REDHAT_SUPPORT_PRODUCT_VERSION="9.6"
`,
  },
  folders: { '/dev/dri': ['by-path', 'card0'] },
  pciDisplays: [{ address: '0000:03:00.0', vendor: '1a03', device: '2000', driver: 'ast' }],
};
