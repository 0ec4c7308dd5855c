/** Windows 11 with a Radeon RX 9070 XT under AMD's own driver. */
import type { MachineFacts } from '../../machine-facts.ts';
import { bareMachine, vulkanSummary } from '../bare-machine.ts';

export const windowsRadeon: MachineFacts = {
  ...bareMachine,
  platform: 'win32',
  kernel: '10.0.26200',
  systemName: 'Windows 11 Pro',
  cpu: { model: 'Intel(R) Core(TM) i7-14700K', physicalCores: 20, flags: 'fpu vme de pse tsc msr sse sse2' },
  processors: 28,
  memoryTotalBytes: 68_500_000_000,
  programs: {
    ...bareMachine.programs,
    vulkaninfo: vulkanSummary('1.4.309', [
      {
        apiVersion: '1.4.315',
        driverVersion: '2.0.353',
        vendorID: '0x1002',
        deviceID: '0x7550',
        deviceType: 'PHYSICAL_DEVICE_TYPE_DISCRETE_GPU',
        deviceName: 'AMD Radeon RX 9070 XT',
        driverID: 'DRIVER_ID_AMD_PROPRIETARY',
        driverName: 'AMD proprietary driver',
        driverInfo: '26.5.1 (AMD proprietary shader compiler)',
        deviceUUID: '00000000-0300-0000-0000-000000000000',
      },
    ]),
  },
  graphics: [
    { vendor: 'Advanced Micro Devices, Inc.', model: 'AMD Radeon RX 9070 XT', isBuiltIn: false, memoryMib: 16304 },
    { vendor: 'Microsoft', model: 'Microsoft Basic Display Adapter', isBuiltIn: false },
  ],
};
