/** The environment that set-up is tried in first, and how to enter it from elsewhere. Pure. */
import type { Machine, OperatingSystem } from '../detect/machine.ts';
import { familyOf } from './package-table.ts';

const fedoraVersion = 43;
const image = `registry.fedoraproject.org/fedora:${fedoraVersion}`;

/** @returns lines for people; none where they are in it already, or where no box can be had. */
export function referenceHint(os: OperatingSystem, surroundings: Machine['surroundings'], hasNvidia = false): string[] {
  if (os.platform === 'darwin' || familyOf(os) === 'fedora') return [];
  const first = `This is ${os.name}; the reference environment is Fedora, where all packages are known to fit.`;
  if (os.platform === 'win32' || surroundings === 'wsl') {
    return [
      first,
      `To enter it, in a terminal of Windows: wsl --install FedoraLinux-${fedoraVersion}`,
      'Then run "stt setup" in there.',
    ];
  }
  const isInside = surroundings !== 'plain';
  const create = `distrobox create --image ${image} --name stt${hasNvidia ? ' --nvidia' : ''}`;
  return [
    first,
    `To enter it${isInside ? ', outside of this container' : ''}: ${create}`,
    '  distrobox enter stt',
    `Then run "stt setup" in there. Distrobox is a package of its own${hasNvidia ? '; --nvidia needs its version 1.5 or newer' : ''}.`,
  ];
}
