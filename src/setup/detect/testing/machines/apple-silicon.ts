/** A Mac with an M2. */
import type { MachineFacts } from '../../machine-facts.ts';
import { bareMachine, said } from '../bare-machine.ts';

export const appleSilicon: MachineFacts = {
  ...bareMachine,
  platform: 'darwin',
  architecture: 'arm64',
  kernel: '25.0.0',
  systemName: 'Darwin Kernel Version 25.0.0: root:xnu-12377.1.9~141/RELEASE_ARM64_T8112',
  cpu: { model: 'Apple M2', physicalCores: 8, flags: '' },
  processors: 8,
  memoryTotalBytes: 17_179_869_184,
  programs: { ...bareMachine.programs, sw_vers: said('sw_vers', '26.0.1\n') },
  packageManagers: ['brew'],
  graphics: [{ vendor: 'Apple', model: 'Apple M2', isBuiltIn: true }],
};
