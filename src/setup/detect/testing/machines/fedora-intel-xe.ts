/** A laptop with Fedora and the graphics of an 11th gen Core: the machine of whisper.cpp's lost devices. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx512Flags, bareMachine, glslcSays, llvmpipe, said, vulkanSummary } from '../bare-machine.ts';

export const fedoraIntelXe: MachineFacts = {
  ...bareMachine,
  kernel: '6.17.4-300.fc43.x86_64',
  cpu: { model: '11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz', physicalCores: 4, flags: avx512Flags },
  processors: 8,
  memoryTotalBytes: 16_442_560_512,
  diskFreeBytes: 120_000_000_000,
  programs: {
    ...bareMachine.programs,
    glslc: said('glslc', glslcSays),
    lspci: said(
      'lspci',
      '0000:00:02.0 "VGA compatible controller [0300]" "Intel Corporation [8086]" "TigerLake-LP GT2 [Iris Xe Graphics] [9a49]" -r01 -p00 "Lenovo [17aa]" "Device [22d5]"\n',
    ),
    vulkaninfo: vulkanSummary('1.4.328', [
      {
        apiVersion: '1.4.318',
        driverVersion: '25.2.8',
        vendorID: '0x8086',
        deviceID: '0x9a49',
        deviceType: 'PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU',
        deviceName: 'Intel(R) Iris(R) Xe Graphics (TGL GT2)',
        driverID: 'DRIVER_ID_INTEL_OPEN_SOURCE_MESA',
        driverName: 'Intel open-source Mesa driver',
        driverInfo: 'Mesa 25.2.8',
        conformanceVersion: '1.4.0.0',
        deviceUUID: '8680499a-0100-0000-0002-000000000000',
        driverUUID: '8fe5c0c8-72b9-2ce3-29f6-84a5e24a3b5a',
      },
      llvmpipe,
    ]),
  },
  packageManagers: ['dnf'],
  texts: {
    '/etc/os-release':
      'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=43\nPRETTY_NAME="Fedora Linux 43 (KDE Plasma Desktop Edition)"\n',
  },
  folders: { '/dev/dri': ['by-path', 'card0', 'renderD128'] },
  pciDisplays: [{ address: '0000:00:02.0', vendor: '8086', device: '9a49', driver: 'i915' }],
};
