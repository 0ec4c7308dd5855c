import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { OperatingSystem } from '../detect/machine.ts';
import { needs } from './needs.ts';
import { families, familyOf, readPackageTable } from './package-table.ts';

const run = suite('the table of packages');

const table = readPackageTable();

run('has a package for every need on every family, or says what to do by hand', () => {
  for (const need of needs) {
    for (const family of families) {
      const { offers, hint } = table.needs[need].packages[family];
      assert.ok(offers.length > 0 || hint !== undefined, `${need} on ${family}`);
      assert.match(hint ?? '.', /\.$/u);
      // One that fits only some versions has a word for the others.
      assert.ok(offers.some(({ when, isOptIn }) => when === undefined && !isOptIn) || hint !== undefined, need);
    }
  }
});

run('names only repositories that it has, and values that are known', () => {
  for (const need of needs) {
    for (const { repositories } of Object.values(table.needs[need].packages).flatMap(({ offers }) => offers)) {
      for (const name of repositories) assert.ok(table.repositories[name] !== undefined, name);
    }
  }
  for (const { commands } of Object.values(table.repositories)) {
    for (const command of commands) {
      const values = [...command.matchAll(/\{(\w+)\}/gu)].map(([, name]) => name);
      assert.ok(values.every((name) => ['version', 'major', 'cudaArch'].includes(name ?? '')));
    }
  }
});

run('claims each header and library for one need, so that a diagnosis is not a guess', () => {
  for (const kind of ['headers', 'libraries'] as const) {
    const all = needs.flatMap((need) => table.needs[need][kind]);
    assert.is(new Set(all).size, all.length);
  }
});

const linux = (id: string, ...like: string[]): OperatingSystem => ({
  platform: 'linux',
  id,
  like,
  version: '1',
  name: id,
});

run('knows the family of a distribution by its own name, or by what it is like', () => {
  assert.is(familyOf(linux('fedora')), 'fedora');
  assert.is(familyOf(linux('nobara', 'fedora')), 'fedora');
  assert.is(familyOf(linux('rocky', 'rhel', 'centos', 'fedora')), 'rhel');
  assert.is(familyOf(linux('rhel', 'fedora')), 'rhel');
  assert.is(familyOf(linux('ol', 'fedora')), 'rhel');
  assert.is(familyOf(linux('debian')), 'debian');
  assert.is(familyOf(linux('linuxmint', 'ubuntu', 'debian')), 'debian');
  assert.is(familyOf(linux('manjaro', 'arch')), 'arch');
  assert.is(familyOf(linux('opensuse-tumbleweed', 'opensuse', 'suse')), 'suse');
  assert.is(familyOf(linux('sles', 'suse')), 'suse');
  assert.is(familyOf({ platform: 'darwin', id: 'macos', like: [], version: '15.1', name: 'macOS' }), 'macos');
});

run('knows no family for what only looks like one, and for strangers', () => {
  assert.is(familyOf(linux('amzn', 'fedora')), undefined);
  assert.is(familyOf(linux('alpine')), undefined);
  assert.is(familyOf({ platform: 'win32', id: 'windows', like: [], version: '11', name: 'Windows' }), undefined);
  assert.is(familyOf(undefined), undefined);
});

run.run();
