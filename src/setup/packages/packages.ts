/**
 * Which package brings which tool, per package manager, and the commands that install them. Data and pure functions; nothing is run.
 */
import type { Tool } from './find-tools.ts';

export const packageManagers = ['apt-get', 'dnf', 'pacman', 'zypper', 'brew'] as const;
export type PackageManager = (typeof packageManagers)[number];

type PackageTable = {
  packages: Record<Tool, string>;
  /** Run first: bare machines have no package lists. */
  refresh?: readonly string[];
  install: readonly string[];
  needsRoot: boolean;
};

const tables: Record<PackageManager, PackageTable> = {
  'apt-get': {
    packages: {
      ffmpeg: 'ffmpeg',
      ffprobe: 'ffmpeg',
      cmake: 'cmake',
      ninja: 'ninja-build',
      'C compiler': 'gcc',
      'C++ compiler': 'g++',
    },
    refresh: ['apt-get', 'update'],
    install: ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '-y', '--no-install-recommends'],
    needsRoot: true,
  },
  dnf: {
    packages: {
      // Fedora's own; the full ffmpeg lives in a repository of other people.
      ffmpeg: 'ffmpeg-free',
      ffprobe: 'ffmpeg-free',
      cmake: 'cmake',
      ninja: 'ninja-build',
      'C compiler': 'gcc',
      'C++ compiler': 'gcc-c++',
    },
    install: ['dnf', 'install', '-y'],
    needsRoot: true,
  },
  pacman: {
    packages: {
      ffmpeg: 'ffmpeg',
      ffprobe: 'ffmpeg',
      cmake: 'cmake',
      ninja: 'ninja',
      'C compiler': 'gcc',
      'C++ compiler': 'gcc',
    },
    install: ['pacman', '-S', '--needed', '--noconfirm'],
    needsRoot: true,
  },
  zypper: {
    packages: {
      ffmpeg: 'ffmpeg',
      ffprobe: 'ffmpeg',
      cmake: 'cmake',
      ninja: 'ninja',
      'C compiler': 'gcc',
      'C++ compiler': 'gcc-c++',
    },
    install: ['zypper', '--non-interactive', 'install'],
    needsRoot: true,
  },
  brew: {
    packages: {
      ffmpeg: 'ffmpeg',
      ffprobe: 'ffmpeg',
      cmake: 'cmake',
      ninja: 'ninja',
      // Apple's own compiler comes with the command line tools that brew itself needs.
      'C compiler': 'llvm',
      'C++ compiler': 'llvm',
    },
    install: ['brew', 'install'],
    needsRoot: false,
  },
};

export function packagesFor(missing: readonly Tool[], manager: PackageManager): string[] {
  return [...new Set(missing.map((tool) => tables[manager].packages[tool]))];
}

export function needsRoot(manager: PackageManager): boolean {
  return tables[manager].needsRoot;
}

/** The exact commands, in order, as argument lists. */
export function installCommands(missing: readonly Tool[], manager: PackageManager, withSudo: boolean): string[][] {
  const table = tables[manager];
  const commands = [[...table.install, ...packagesFor(missing, manager)]];
  if (table.refresh !== undefined) commands.unshift([...table.refresh]);
  return commands.map((command) => (withSudo && table.needsRoot ? ['sudo', ...command] : command));
}
