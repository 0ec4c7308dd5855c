/**
 * dnf in a booted Debian, as on Fedora: with a repository of stand-ins instead of Fedora's, RPM macros of systemd, and everything
 * disabled by preset.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BootedMachine, RunEnd } from '../support/booted-machine.ts';
import type { MachineRoot } from '../support/machine-root.ts';
import { systemdMacros } from './rpm-workshop.ts';

export type PackageManager = {
  /** @param args `install /mnt/rpm/x.rpm`, ... */
  run: (repository: 'old' | 'fedora', ...args: string[]) => Promise<RunEnd>;
  /** @throws where it fails. */
  change: (...args: string[]) => Promise<void>;
};

/** The folder of makeRepositories in the machine. */
export const repositories = '/mnt/repositories';

/** Before the machine boots. */
export async function likeFedora(root: MachineRoot): Promise<void> {
  await mkdir(root.join('usr/lib/systemd/system-preset'), { recursive: true });
  await writeFile(root.join('usr/lib/systemd/system-preset/99-default-disable.preset'), 'disable *\n');
  const macros = 'macros.systemd';
  await copyFile(path.join(systemdMacros, macros), root.join('usr/lib/rpm/macros.d', macros));
}

export function packageManager(machine: BootedMachine, program: 'dnf' | 'dnf5'): PackageManager {
  const own = program === 'dnf5' ? ['--disable-plugin=local', '--no-gpgchecks'] : ['--setopt=gpgcheck=0'];
  const run: PackageManager['run'] = (repository, ...args) => {
    const source = `--repofrompath=standins,file://${repositories}/${repository}`;
    const argv = [
      program,
      '-y',
      '--releasever=43',
      '--setopt=reposdir=/dev/null',
      ...own,
      source,
      '--repo=standins',
      ...args,
    ];
    return machine.run(argv, { timeoutMs: 120_000 });
  };
  return {
    run,
    async change(...args) {
      const end = await run('fedora', ...args);
      if (end.exitCode !== 0)
        throw new Error(`${program} ${args.join(' ')}: ${end.exitCode}\n${end.stdout}${end.stderr}`);
    },
  };
}
