/**
 * What the tests need beyond what `stt setup` installs: Python with the packages that the stand-ins of the ancestor are written
 * with, the proxies that we have recipes for, and what boots machines, builds packages and runs containers. Says what and why first,
 * and asks where there is somebody to ask.
 */
import { runChild } from '../../src/run-child.ts';
import { askOnTerminal } from '../../src/setup/ask-on-terminal.ts';
import { answers } from '../../src/setup/packages/find-tools.ts';
import { python } from '../support/python.ts';

const needed = {
  tools: [`${python} --version`, 'openssl version', 'nginx -v', 'caddy version'],
  packages: ['python3', 'python3-requests', 'python3-fastapi', 'python3-uvicorn', 'openssl', 'nginx', 'caddy'],
};
/** For the tests of the kit, which are written for Debian; what cannot be had is said there, and its tests are skipped. */
const kit = {
  tools: [
    'systemd-nspawn',
    'mmdebstrap',
    'zstd',
    'rpmbuild',
    'rpmlint',
    'createrepo_c',
    'podman',
    'shellcheck',
    'zsh',
    'fish',
  ].map((tool) => `${tool} --version`),
  packages: `systemd-container mmdebstrap zstd rpm rpmlint createrepo-c shellcheck zsh fish curl git
    podman podman-compose runc netavark aardvark-dns catatonit iptables`.split(/\s+/u),
};

type Manager = { command: string; brings: { tools: string[]; packages: string[] } };

const both = { tools: [...needed.tools, ...kit.tools], packages: [...needed.packages, ...kit.packages] };
const apt = 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends';
const managers: Record<string, Manager> = {
  'apt-get': { command: apt, brings: both },
  dnf: { command: 'dnf install -y', brings: needed },
};

async function arePresent(tools: readonly string[], signal: AbortSignal): Promise<boolean> {
  for (const tool of tools) if (!(await answers(tool, signal))) return false;
  const end = await runChild({ file: python, args: ['-c', 'import requests, fastapi, uvicorn'], signal });
  return end.exitCode === 0;
}

async function findManager(signal: AbortSignal): Promise<Manager | undefined> {
  for (const [name, manager] of Object.entries(managers)) {
    if (await answers(`${name} --version`, signal)) return manager;
  }
  return undefined;
}

export async function installTestPackages(assumeYes: boolean, signal: AbortSignal): Promise<void> {
  const manager = await findManager(signal);
  const { tools, packages } = manager?.brings ?? needed;
  if (await arePresent(tools, signal)) return;
  if (manager === undefined) throw new Error(`The tests need ${packages.join(', ')}; install them by hand.`);
  const install = `${manager.command} ${packages.join(' ')}`;
  const command = process.getuid?.() === 0 ? install : `sudo sh -c '${install}'`;
  console.log(`The tests of the whole system need ${packages.join(', ')}. To be run:\n  ${command}`);
  if (!assumeYes) {
    if (!process.stdin.isTTY) throw new Error('There is no terminal to ask on: run the command above, or add --yes.');
    if (!(await askOnTerminal('Install now?', signal))) throw new Error('Not installed.');
  }
  const end = await runChild({ file: 'sh', args: ['-c', command], inheritEnv: true, output: 'terminal', signal });
  if (end.exitCode !== 0 || !(await arePresent(needed.tools, signal)))
    throw new Error(`That did not bring them: ${command}`);
}
