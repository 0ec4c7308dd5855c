/** A Raspberry Pi 5 with its own system. Its graphics are in vulkaninfo's list, with a number that is no PCI device. */
import type { MachineFacts } from '../../machine-facts.ts';
import { arm64Flags, bareMachine, llvmpipe, vulkanSummary } from '../bare-machine.ts';

export const raspberryPi: MachineFacts = {
  ...bareMachine,
  architecture: 'arm64',
  kernel: '6.12.47+rpt-rpi-2712',
  cpu: { model: 'ARM Cortex-A76', physicalCores: 4, flags: arm64Flags },
  processors: 4,
  memoryTotalBytes: 8_443_000_000,
  programs: {
    ...bareMachine.programs,
    vulkaninfo: vulkanSummary('1.4.309', [
      {
        apiVersion: '1.3.305',
        driverVersion: '25.0.7',
        vendorID: '0x14e4',
        deviceID: '0x55701c33',
        deviceType: 'PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU',
        deviceName: 'V3D 7.1.7.0',
        driverID: 'DRIVER_ID_MESA_V3DV',
        driverName: 'V3DV Mesa',
        driverInfo: 'Mesa 25.0.7-2+rpt3',
        conformanceVersion: '1.3.8.3',
      },
      llvmpipe,
    ]),
  },
  packageManagers: ['apt-get'],
  texts: {
    '/etc/os-release':
      'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nVERSION="13 (trixie)"\nVERSION_CODENAME=trixie\nID=debian\n',
    '/proc/device-tree/model': 'Raspberry Pi 5 Model B Rev 1.0\u0000',
  },
  folders: { '/dev/dri': ['by-path', 'card0', 'card1', 'renderD128'] },
};
