/** Where we run: on the machine itself, or in something that stands between. Pure. */
import type { Machine } from './machine.ts';
import type { MachineFacts } from './machine-facts.ts';

/** Left by podman, docker, toolbox and kubernetes; read together with systemd's own note. */
const containerMarks = ['/run/.containerenv', '/.dockerenv', '/run/.toolboxenv', '/run/secrets/kubernetes.io'];

/** Distrobox writes the first at each start, and mounts the other two. A host that has Distrobox has them too. */
const distroboxMarks = [
  '/etc/profile.d/distrobox_profile.sh',
  '/usr/bin/distrobox-host-exec',
  '/usr/bin/distrobox-export',
];

export function readSurroundings({ texts, paths }: Pick<MachineFacts, 'texts' | 'paths'>): Machine['surroundings'] {
  const isThere = (path: string): boolean => paths.includes(path);
  const noted = (texts['/run/systemd/container'] ?? '').trim();
  if (containerMarks.some(isThere) || !['', 'wsl'].includes(noted)) {
    // It leaves toolbox's mark as well.
    if (distroboxMarks.some(isThere)) return 'distrobox';
    return isThere('/run/.toolboxenv') ? 'toolbox' : 'container';
  }
  const isWsl = noted === 'wsl' || /microsoft/iu.test(texts['/proc/version'] ?? '') || isThere('/dev/dxg');
  return isWsl ? 'wsl' : 'plain';
}
