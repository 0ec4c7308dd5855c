/** Where things that cmake does not find by itself lie on this machine. They do not shape the engine. Pure. */
import type { Backend } from '../../backend.ts';
import type { Machine } from '../detect/machine.ts';
import type { Definitions } from './cmake-arguments.ts';

export function localDefinitions(backend: Backend, machine: Machine | undefined): Definitions {
  // NVIDIA's own packages put nvcc where PATH does not lead to: /usr/local/cuda/bin.
  const nvccFile = backend === 'cuda' ? machine?.toolkits.nvccFile : undefined;
  return nvccFile === undefined ? {} : { CMAKE_CUDA_COMPILER: nvccFile };
}
