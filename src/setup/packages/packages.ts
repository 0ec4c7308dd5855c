/** The package managers known here: which belongs to which family of distributions, and how each is asked. Pure. */
import type { Family } from './package-table.ts';

/** In the order in which they are looked for: where two are there, the first is the machine's own. */
export const packageManagers = ['dnf', 'dnf5', 'microdnf', 'yum', 'apt-get', 'pacman', 'zypper', 'brew'] as const;
export type PackageManager = (typeof packageManagers)[number];

type Manners = {
  families: readonly Family[];
  /** Run first: bare machines have no package lists. */
  refresh?: readonly string[];
  install: readonly string[];
  needsRoot: boolean;
};

const ofRedHat = (manager: PackageManager): Manners => ({
  families: ['fedora', 'rhel'],
  install: [manager, 'install', '-y'],
  needsRoot: true,
});

const manners: Record<PackageManager, Manners> = {
  dnf: ofRedHat('dnf'),
  dnf5: ofRedHat('dnf5'),
  microdnf: ofRedHat('microdnf'),
  yum: ofRedHat('yum'),
  'apt-get': {
    families: ['debian'],
    refresh: ['apt-get', 'update'],
    install: ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '-y', '--no-install-recommends'],
    needsRoot: true,
  },
  pacman: { families: ['arch'], install: ['pacman', '-S', '--needed', '--noconfirm'], needsRoot: true },
  zypper: { families: ['suse'], install: ['zypper', '--non-interactive', 'install'], needsRoot: true },
  brew: { families: ['macos'], install: ['brew', 'install'], needsRoot: false },
};

export const mannersOf = (manager: PackageManager): Manners => manners[manager];

/** Those that may be asked on this family; all of them where it is not known. */
export function managersOf(family: Family | undefined): PackageManager[] {
  return packageManagers.filter((manager) => family === undefined || manners[manager].families.includes(family));
}
