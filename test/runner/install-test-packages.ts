/**
 * What the tests need beyond what `stt setup` installs: Python with the packages that the stand-ins of the ancestor are written
 * with, and the proxies that we have recipes for. Says what and why first, and asks where there is somebody to ask.
 */
import { runChild } from '../../src/run-child.ts';
import { askOnTerminal } from '../../src/setup/ask-on-terminal.ts';
import { answers } from '../../src/setup/packages/find-tools.ts';
import { python } from '../support/python.ts';

const packages = ['python3', 'python3-requests', 'python3-fastapi', 'python3-uvicorn', 'openssl', 'nginx', 'caddy'];

const installers: Record<string, string> = {
  'apt-get': `apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages.join(' ')}`,
  dnf: `dnf install -y ${packages.join(' ')}`,
};

async function arePresent(signal: AbortSignal): Promise<boolean> {
  for (const command of [`${python} --version`, 'openssl version', 'nginx -v', 'caddy version']) {
    if (!(await answers(command, signal))) return false;
  }
  const end = await runChild({ file: python, args: ['-c', 'import requests, fastapi, uvicorn'], signal });
  return end.exitCode === 0;
}

async function installCommand(signal: AbortSignal): Promise<string | undefined> {
  for (const [manager, command] of Object.entries(installers)) {
    if (!(await answers(`${manager} --version`, signal))) continue;
    return process.getuid?.() === 0 ? command : `sudo sh -c '${command}'`;
  }
  return undefined;
}

export async function installTestPackages(assumeYes: boolean, signal: AbortSignal): Promise<void> {
  if (await arePresent(signal)) return;
  const command = await installCommand(signal);
  if (command === undefined) throw new Error(`The tests need ${packages.join(', ')}; install them by hand.`);
  console.log(`The tests of the whole system need ${packages.join(', ')}. To be run:\n  ${command}`);
  if (!assumeYes) {
    if (!process.stdin.isTTY) throw new Error('There is no terminal to ask on: run the command above, or add --yes.');
    if (!(await askOnTerminal('Install now?', signal))) throw new Error('Not installed.');
  }
  const end = await runChild({ file: 'sh', args: ['-c', command], inheritEnv: true, output: 'terminal', signal });
  if (end.exitCode !== 0 || !(await arePresent(signal))) throw new Error(`That did not bring them: ${command}`);
}
