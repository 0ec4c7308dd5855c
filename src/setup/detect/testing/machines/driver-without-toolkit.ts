/** Debian with NVIDIA's driver and two like cards, and nothing to build with: no nvcc, no vulkaninfo, no lspci. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx2Flags, bareMachine, said } from '../bare-machine.ts';

export const driverWithoutToolkit: MachineFacts = {
  ...bareMachine,
  kernel: '6.12.48+deb13-amd64',
  cpu: { model: 'AMD EPYC 7302P 16-Core Processor', physicalCores: 16, flags: avx2Flags },
  processors: 32,
  memoryTotalBytes: 135_000_000_000,
  programs: {
    ...bareMachine.programs,
    'nvidia-smi': said(
      'nvidia-smi',
      '0, NVIDIA RTX A4000, 550.163.01, 16376, 8.6\n1, NVIDIA RTX A4000, 550.163.01, 16376, 8.6\n',
    ),
  },
  packageManagers: ['apt-get'],
  texts: {
    '/etc/os-release':
      'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n',
  },
  paths: ['/dev/nvidiactl'],
  pciDisplays: [
    { address: '0000:41:00.0', vendor: '10de', device: '24b0', driver: 'nvidia' },
    { address: '0000:42:00.0', vendor: '1a03', device: '2000', driver: 'ast' },
    { address: '0000:81:00.0', vendor: '10de', device: '24b0', driver: 'nvidia' },
  ],
};
