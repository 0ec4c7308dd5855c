/** openSUSE with a CUDA toolkit, and a card that nouveau holds. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx2Flags, bareMachine, nvccSays, said } from '../bare-machine.ts';

export const toolkitWithoutDriver: MachineFacts = {
  ...bareMachine,
  kernel: '6.17.2-1-default',
  cpu: { model: 'Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz', physicalCores: 6, flags: avx2Flags },
  processors: 12,
  memoryTotalBytes: 33_300_000_000,
  programs: {
    ...bareMachine.programs,
    nvcc: said('nvcc', nvccSays('12.9')),
    lspci: said(
      '/usr/sbin/lspci',
      '0000:01:00.0 "VGA compatible controller [0300]" "NVIDIA Corporation [10de]" "TU106 [GeForce RTX 2060 Rev. A] [1f08]" -ra1 -p00 "" ""\n',
    ),
  },
  packageManagers: ['zypper'],
  texts: {
    '/etc/os-release':
      'NAME="openSUSE Tumbleweed"\nID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\nVERSION_ID="20251018"\nPRETTY_NAME="openSUSE Tumbleweed"\n',
  },
  folders: { '/dev/dri': ['by-path', 'card1', 'renderD128'] },
  pciDisplays: [{ address: '0000:01:00.0', vendor: '10de', device: '1f08', driver: 'nouveau' }],
};
