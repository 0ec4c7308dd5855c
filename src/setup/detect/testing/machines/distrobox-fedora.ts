/** A Distrobox with Fedora on a host that has an NVIDIA card, made without `--nvidia`. */
import type { MachineFacts } from '../../machine-facts.ts';
import { avx2Flags, bareMachine } from '../bare-machine.ts';

export const distroboxFedora: MachineFacts = {
  ...bareMachine,
  kernel: '6.16.8-1-MANJARO',
  cpu: { model: 'Intel(R) Core(TM) i5-9400F CPU @ 2.90GHz', physicalCores: 6, flags: avx2Flags },
  processors: 6,
  memoryTotalBytes: 16_720_000_000,
  packageManagers: ['dnf'],
  texts: {
    '/etc/os-release':
      'NAME="Fedora Linux"\nVERSION="43 (Container Image)"\nID=fedora\nVERSION_ID=43\nPRETTY_NAME="Fedora Linux 43 (Container Image)"\nVARIANT_ID=container\n',
  },
  // It leaves toolbox's mark as well.
  paths: [
    '/run/.containerenv',
    '/run/.toolboxenv',
    '/etc/profile.d/distrobox_profile.sh',
    '/usr/bin/distrobox-host-exec',
    '/usr/bin/distrobox-export',
    '/dev/nvidiactl',
  ],
  folders: { '/dev/dri': ['by-path', 'card1', 'renderD128'] },
  pciDisplays: [{ address: '0000:01:00.0', vendor: '10de', device: '1f08', driver: 'nvidia' }],
};
