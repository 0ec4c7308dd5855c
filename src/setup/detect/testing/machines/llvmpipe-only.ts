/** Debian in a container without a GPU: Mesa's software device, OpenVINO, and an Intel processor. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx512Flags, bareMachine, glslcSays, llvmpipe, nvccSays, said, vulkanSummary } from '../bare-machine.ts';

export const llvmpipeOnly: MachineFacts = {
  ...bareMachine,
  kernel: '6.1.0-40-amd64',
  cpu: { model: 'Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz', physicalCores: 2, flags: avx512Flags },
  processors: 4,
  memoryTotalBytes: 33_300_000_000,
  memoryLimitBytes: 8_589_934_592,
  programs: {
    ...bareMachine.programs,
    nvcc: said('nvcc', nvccSays('13.0')),
    glslc: said('glslc', glslcSays),
    vulkaninfo: vulkanSummary('1.3.239', [llvmpipe]),
    'pkg-config openvino': said('pkg-config', '2025.3.0\n'),
  },
  packageManagers: ['apt-get'],
  texts: {
    '/etc/os-release':
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
  },
  paths: ['/.dockerenv'],
};
