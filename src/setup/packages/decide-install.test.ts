import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decideInstall } from './install-packages.ts';
import type { PackagePower } from './package-power.ts';
import type { InstallPlan } from './plan-install.ts';

const run = suite('decideInstall');

const user: PackagePower = { manager: 'dnf', isRoot: false, hasSudo: true, isImage: false, enabledRepositories: [] };
const command = ['dnf', 'install', '-y', 'gcc-c++'];
const plan: InstallPlan = { commands: [['sudo', ...command]], byHand: [], hints: [], onFedora: 'dnf install gcc-c++' };

type Case = {
  plan?: Partial<InstallPlan>;
  power?: Partial<PackagePower>;
  consent?: 'ask' | 'yes' | 'never';
  canAsk?: boolean;
};

const decide = (of: Case): ReturnType<typeof decideInstall> =>
  decideInstall(
    ['C++ compiler'],
    { ...plan, ...of.plan },
    { ...user, ...of.power },
    of.consent ?? 'yes',
    of.canAsk ?? true,
  );

function refusal(of: Case): { message: string; hint: string; exitCode: number } {
  const decision = decide(of);
  if (decision.kind !== 'refuse') throw new Error('expected a refusal');
  const { message, hint = '', exitCode } = decision.error;
  return { message, hint, exitCode };
}

run('installs at once with --yes, and after a question without it', () => {
  const { commands } = plan;
  assert.equal(decide({ canAsk: false }), { kind: 'install', commands, mustAsk: false });
  assert.equal(decide({ consent: 'ask' }), { kind: 'install', commands, mustAsk: true });
});

run('does not install where nobody can be asked: the exact command is told', () => {
  const { message, hint, exitCode } = refusal({ consent: 'ask', canAsk: false });
  assert.match(message, 'Missing on this machine: C++ compiler; there is no terminal to ask on.');
  assert.is(hint, 'Run: sudo dnf install -y gcc-c++; or add --yes.');
  assert.is(exitCode, 69);
});

run('does not install against --no-packages', () => {
  const { message, hint, exitCode } = refusal({ consent: 'never' });
  assert.match(message, 'C++ compiler; --no-packages forbids');
  assert.is(hint, 'Run: sudo dnf install -y gcc-c++');
  assert.is(exitCode, 69);
});

run('does not install for a user who is not root and has no sudo: exit code 77 and the exact command', () => {
  const { hint, exitCode } = refusal({ plan: { commands: [command] }, power: { hasSudo: false } });
  assert.is(hint, 'As root, run: dnf install -y gcc-c++');
  assert.is(exitCode, 77);
});

run('installs with brew without root, and refuses to be root for it', () => {
  const brew = { commands: [['brew', 'install', 'cmake']] };
  assert.is(decide({ plan: brew, power: { manager: 'brew', hasSudo: false } }).kind, 'install');
  const { message, hint, exitCode } = refusal({ plan: brew, power: { manager: 'brew', isRoot: true } });
  assert.match(message, 'brew does not run as root');
  assert.is(hint, 'Run: brew install cmake, as your own user.');
  assert.is(exitCode, 77);
});

run('leaves it to the person where no package manager is known', () => {
  const { message, hint, exitCode } = refusal({ power: { manager: undefined } });
  assert.match(message, 'none of the package managers');
  assert.match(hint, 'on Fedora: dnf install gcc-c++');
  assert.is(exitCode, 69);
});

run.run();
