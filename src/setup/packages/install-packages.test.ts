import { mkdir, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakePrograms, fakePrograms } from '../../../test/support/fake-programs.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { OperatingSystem } from '../detect/machine.ts';
import { describeNeeds, provideNeeds, type ProvideNeedsOptions } from './install-packages.ts';
import { type Need, needsOf } from './needs.ts';

const run = suite('provideNeeds');

/** Puts a program beside the package manager's own. */
const bring = (name: string): string => `printf "#!/bin/sh\\n" > "\${0%/*}/${name}"; /bin/chmod 755 "\${0%/*}/${name}"`;

const all = ['ffmpeg', 'ffprobe', 'cmake', 'ninja', 'cc', 'c++'];

/** A machine that has all but some, and whose package manager does as it is told. */
const machine = (lacks: readonly string[], managers: Record<string, string>): Record<string, string> => ({
  ...Object.fromEntries(all.filter((name) => !lacks.includes(name)).map((name) => [name, ''])),
  env: 'exec /usr/bin/env "$@"',
  sudo: 'exec "$@"',
  ...managers,
});

const debianWithoutCmake = (install = bring('cmake')): Record<string, string> =>
  machine(['cmake'], { 'apt-get': `case "$1" in install) ${install};; esac` });

const options = (more: Partial<ProvideNeedsOptions> = {}): ProvideNeedsOptions & { said: string[] } => {
  const said: string[] = [];
  return {
    consent: 'ask',
    ask: undefined,
    say: (line) => said.push(line),
    signal: new AbortController().signal,
    said,
    ...more,
  };
};

const forCpu: Need[] = needsOf('cpu', { toBuild: true, variants: ['plain'] });

const linux = (id: string, version: string, ...like: string[]): OperatingSystem => ({
  platform: 'linux',
  id,
  like,
  version,
  name: id,
});

/** Tests may run as root. */
function ordinaryUser(): Disposable {
  const real = process.getuid?.bind(process);
  process.getuid = () => 1000;
  return {
    [Symbol.dispose]() {
      if (real !== undefined) process.getuid = real;
    },
  };
}

/** What was run besides questions. */
const changes = async (programs: FakePrograms): Promise<string[]> =>
  (await programs.calls()).filter(
    (call) => /^(apt-get|dnf|microdnf|pacman|zypper|brew|crb) /u.test(call) && !call.endsWith(' --version'),
  );

run('does nothing where nothing is missing, and does not look for a package manager', async () => {
  await using programs = await fakePrograms(machine([], { 'apt-get': '' }), true);
  await provideNeeds(forCpu, options());
  assert.not.ok((await programs.calls()).some((call) => call.startsWith('apt-get')));
});

run('says what is missing and what it runs, renews the lists, installs, and looks again', async () => {
  await using programs = await fakePrograms(debianWithoutCmake(), true);
  const asked = options({ consent: 'yes' });
  await provideNeeds(forCpu, asked);
  assert.equal(await changes(programs), ['apt-get update', 'apt-get install -y --no-install-recommends cmake']);
  assert.match(
    asked.said.join('\n'),
    /^Missing, to build whisper\.cpp: cmake\nThis installs them:\n.*apt-get update\n.*apt-get install/u,
  );
});

run('installs with the manager of each family', async () => {
  const families: { os: OperatingSystem; manager: string; expected: string[] }[] = [
    { os: linux('fedora', '43'), manager: 'dnf', expected: ['dnf install -y cmake'] },
    { os: linux('rocky', '9.6', 'rhel', 'fedora'), manager: 'dnf', expected: ['dnf install -y cmake'] },
    { os: linux('rhel', '9.6', 'fedora'), manager: 'microdnf', expected: ['microdnf install -y cmake'] },
    { os: linux('arch', ''), manager: 'pacman', expected: ['pacman -S --needed --noconfirm cmake'] },
    {
      os: linux('opensuse-leap', '16.0', 'suse'),
      manager: 'zypper',
      expected: ['zypper --non-interactive install cmake'],
    },
  ];
  for (const { os, manager, expected } of families) {
    // Whatever the last word is, this brings cmake. A manager of another family is there as well, and is not asked.
    const script = `case "$*" in *cmake) ${bring('cmake')};; esac`;
    const other = manager === 'pacman' ? 'apt-get' : 'pacman';
    await using programs = await fakePrograms(machine(['cmake'], { [manager]: script, [other]: '' }), true);
    await provideNeeds(forCpu, options({ consent: 'yes', os }));
    assert.equal(await changes(programs), expected, os.id);
  }
});

const dnfBringingFfmpeg = `case "$*" in *install*ffmpeg*) ${bring('ffmpeg')}; ${bring('ffprobe')};; esac`;

run("takes Fedora's own ffmpeg where RPM Fusion is not enabled", async () => {
  await using programs = await fakePrograms(
    machine(['ffmpeg', 'ffprobe'], { dnf: dnfBringingFfmpeg, rpm: 'exit 1' }),
    true,
  );
  const asked = options({ consent: 'yes', os: linux('fedora', '43') });
  await provideNeeds(forCpu, asked);
  assert.equal(await changes(programs), ['dnf install -y ffmpeg-free']);
  assert.match(asked.said[0] ?? '', 'Missing, to read recordings: ffmpeg, ffprobe');
});

run("takes RPM Fusion's where it is enabled, and enables it where it is asked for", async () => {
  await using root = await temporaryFolder();
  for (const wantsMoreRepositories of [false, true]) {
    const rpm = wantsMoreRepositories ? 'exit 1' : '[ "$2" = rpmfusion-free-release ]';
    await using programs = await fakePrograms(machine(['ffmpeg', 'ffprobe'], { dnf: dnfBringingFfmpeg, rpm }), true);
    const os = linux('fedora', '43');
    await provideNeeds(forCpu, options({ consent: 'yes', os, wantsMoreRepositories, root: root.path }));
    const release = 'dnf install -y https://mirrors.rpmfusion.org/free/fedora/rpmfusion-free-release-43.noarch.rpm';
    assert.equal(await changes(programs), [
      ...(wantsMoreRepositories ? [release] : []),
      'dnf install -y --allowerasing ffmpeg',
    ]);
  }
});

run('asks once, and a no leaves the machine as it is', async () => {
  await using programs = await fakePrograms(debianWithoutCmake(), true);
  const questions: string[] = [];
  const ask = (question: string): Promise<boolean> => {
    questions.push(question);
    return Promise.resolve(false);
  };
  const error = await rejects(provideNeeds(forCpu, options({ ask })), /You chose not to/u);
  assert.is(error['exitCode'], 69);
  assert.match(String(error['hint']), /apt-get install .* cmake/u);
  assert.is(questions.length, 1);
  assert.equal(await changes(programs), []);
});

run('leaves the machine as it is against --no-packages, and where there is no terminal to ask on', async () => {
  await using programs = await fakePrograms(debianWithoutCmake(), true);
  await rejects(provideNeeds(forCpu, options({ consent: 'never' })), /cmake; --no-packages forbids/u);
  await rejects(provideNeeds(forCpu, options()), /there is no terminal to ask on/u);
  assert.equal(await changes(programs), []);
});

run('says what is missing where there is no package manager, and how Fedora calls it', async () => {
  await using _ = await fakePrograms(machine(['cmake'], { 'apt-get': 'exit 1' }), true);
  const error = await rejects(
    provideNeeds(forCpu, options({ consent: 'yes' })),
    /Missing on this machine: cmake; none of the package managers/u,
  );
  assert.is(error['exitCode'], 69);
  assert.is(error['hint'], 'Install them by hand; on Fedora: dnf install cmake');
});

run('does not ask for a package that the distribution does not have, nor installs the rest', async () => {
  await using programs = await fakePrograms(debianWithoutCmake(), true);
  await using root = await temporaryFolder();
  const error = await rejects(
    provideNeeds(
      [...forCpu, 'OpenVINO toolkit'],
      options({ consent: 'yes', os: linux('debian', '13'), root: root.path }),
    ),
    /no package is known here for OpenVINO toolkit/u,
  );
  assert.match(String(error['hint']), /docs\.openvino\.ai.*For the rest: .*apt-get install.* cmake$/u);
  assert.equal(await changes(programs), []);
});

run('does not install into a system that is an image, except in a box', async () => {
  await using root = await temporaryFolder();
  await mkdir(root.join('run'));
  await writeFile(root.join('run/ostree-booted'), '');
  const scripts = machine(['cmake'], { dnf: bring('cmake') });
  const silverblue = options({ consent: 'yes', os: linux('fedora', '43'), root: root.path });
  {
    await using programs = await fakePrograms(scripts, true);
    const error = await rejects(provideNeeds(forCpu, silverblue), /which is an image/u);
    assert.match(String(error['hint']), 'toolbox');
    assert.equal(await changes(programs), []);
  }
  await writeFile(root.join('run/.containerenv'), '');
  await using _ = await fakePrograms(scripts, true);
  await provideNeeds(forCpu, silverblue);
});

run('tells the commands when the package manager fails, and what may be the matter', async () => {
  await using programs = await fakePrograms(machine([], { 'apt-get': '[ "$1" = --version ]' }), true);
  await using root = await temporaryFolder();
  const cuda = needsOf('cuda', { toBuild: true, variants: [] });
  const failed = await rejects(
    provideNeeds(cuda, options({ consent: 'yes', os: linux('debian', '13'), root: root.path })),
    /"(sudo )?apt-get update" failed \(exit code 1\)/u,
  );
  assert.is(failed['code'], 'STT_PACKAGES');
  assert.match(
    String(failed['hint']),
    /apt-get update && .*apt-get install .*; then run "stt setup" again\. .*non-free/u,
  );
  assert.equal(await changes(programs), ['apt-get update'], 'stops at the first that fails');
});

run('tells the commands when sudo is refused, and runs nothing without it', async () => {
  using _ = ordinaryUser();
  await using programs = await fakePrograms(
    { ...debianWithoutCmake(), sudo: '[ "$1" = --version ] || { echo "not in the sudoers file" >&2; exit 1; }' },
    true,
  );
  const refused = await rejects(
    provideNeeds(forCpu, options({ consent: 'yes', os: linux('debian', '13') })),
    /"sudo apt-get update" failed \(exit code 1\)/u,
  );
  assert.match(String(refused['hint']), /^Run: sudo apt-get update && sudo env .* cmake; then/u);
  assert.equal(await changes(programs), []);
});

run('tells when the package manager was content, but something is still missing', async () => {
  await using _ = await fakePrograms(debianWithoutCmake(':'), true);
  await rejects(provideNeeds(forCpu, options({ consent: 'yes' })), /still missing: cmake/u);
});

run('describes all of it for a dry run, and changes nothing', async () => {
  await using programs = await fakePrograms(debianWithoutCmake(), true);
  const lines = await describeNeeds(forCpu, options({ os: linux('debian', '13') }));
  assert.is(lines[0], '# Missing, to build whisper.cpp: cmake');
  assert.match(lines.slice(1).join('\n'), /^(sudo )?apt-get update\n.*apt-get install .* cmake$/u);
  assert.equal(await changes(programs), []);
  const forbidden = await describeNeeds(forCpu, options({ consent: 'never' }));
  assert.match(forbidden.join('\n'), /^# Missing .*--no-packages forbids.*\n# {3}Run: .*apt-get/u);
  await using _ = await fakePrograms(machine([], {}), true);
  assert.equal(await describeNeeds(forCpu, options()), ['# Packages: nothing is missing']);
});

run.run();
