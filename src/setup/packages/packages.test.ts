import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commandLine } from '../command-line.ts';
import { buildTools, runtimeTools } from './find-tools.ts';
import { decideInstall, type PackagePower } from './install-packages.ts';
import { installCommands, packageManagers } from './packages.ts';

const run = suite('packages');

const allTools = [...runtimeTools, ...buildTools];

const lines = (...of: Parameters<typeof installCommands>): string[] => installCommands(...of).map(commandLine);

run('are named as each package manager names them', () => {
  assert.equal(Object.fromEntries(packageManagers.map((manager) => [manager, lines(allTools, manager, false)])), {
    'apt-get': [
      'apt-get update',
      'env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ffmpeg cmake ninja-build gcc g++',
    ],
    dnf: ['dnf install -y ffmpeg-free cmake ninja-build gcc gcc-c++'],
    pacman: ['pacman -S --needed --noconfirm ffmpeg cmake ninja gcc'],
    zypper: ['zypper --non-interactive install ffmpeg cmake ninja gcc gcc-c++'],
    brew: ['brew install ffmpeg cmake ninja llvm'],
  });
});

run('are asked for only where a tool is missing', () => {
  assert.equal(lines(['ffprobe', 'C++ compiler'], 'dnf', false), ['dnf install -y ffmpeg-free gcc-c++']);
});

run('are installed with sudo, except by brew, which forbids it', () => {
  assert.equal(lines(['cmake'], 'apt-get', true), [
    'sudo apt-get update',
    'sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends cmake',
  ]);
  assert.equal(lines(['cmake'], 'brew', true), ['brew install cmake']);
});

const user: PackagePower = { manager: 'dnf', isRoot: false, hasSudo: true };

function refusal(...of: Parameters<typeof decideInstall>): { message: string; hint: string; exitCode: number } {
  const decision = decideInstall(...of);
  if (decision.kind !== 'refuse') throw new Error('expected a refusal');
  const { message, hint = '', exitCode } = decision.error;
  return { message, hint, exitCode };
}

run('are installed at once with --yes, and after a question without it', () => {
  const commands = [['sudo', 'dnf', 'install', '-y', 'cmake']];
  assert.equal(decideInstall(['cmake'], user, 'yes', false), { kind: 'install', commands, mustAsk: false });
  assert.equal(decideInstall(['cmake'], user, 'ask', true), { kind: 'install', commands, mustAsk: true });
});

run('are not installed where nobody can be asked: the exact command is told', () => {
  const { message, hint, exitCode } = refusal(['cmake'], user, 'ask', false);
  assert.match(message, 'Missing on this machine: cmake; there is no terminal to ask on.');
  assert.match(hint, 'Run: sudo dnf install -y cmake');
  assert.match(hint, '--yes');
  assert.is(exitCode, 69);
});

run('are not installed against --no-packages', () => {
  const { message, hint, exitCode } = refusal(['C++ compiler'], user, 'never', true);
  assert.match(message, 'C++ compiler; --no-packages forbids');
  assert.is(hint, 'Run: sudo dnf install -y gcc-c++');
  assert.is(exitCode, 69);
});

run('are not installed by a user who is not root and has no sudo', () => {
  const { hint, exitCode } = refusal(['cmake'], { ...user, hasSudo: false }, 'yes', true);
  assert.is(hint, 'As root, run: dnf install -y cmake');
  assert.is(exitCode, 77);
  const withBrew = decideInstall(['cmake'], { manager: 'brew', isRoot: false, hasSudo: false }, 'yes', true);
  assert.is(withBrew.kind, 'install');
});

run('are left to the person where no package manager is known', () => {
  const { message, exitCode } = refusal(['cmake'], { ...user, manager: undefined }, 'yes', true);
  assert.match(message, 'none of the package managers');
  assert.is(exitCode, 69);
});

run.run();
