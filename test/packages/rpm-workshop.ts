/**
 * RPMs for tests: our own, as packaging/rpm/build makes them, and a repository that stands in for Fedora's on a Debian: Node.js in two
 * versions, as Fedora has them side by side, and what its systemd package brings for RPM (update helper, file triggers).
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packageFolder } from '../../src/package-folder.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import { type ChildEnd, describeEnd, runChild } from '../../src/run-child.ts';
import { checkDataFolder } from '../support/engine.ts';
import { eventually } from '../support/eventually.ts';

export type BuildOptions = { output: string; version?: string; hasBundledNode?: boolean; env?: Record<string, string> };

/** Compressed only a little. @returns the paths of what was built. */
export async function buildServerRpm(options: BuildOptions): Promise<string[]> {
  const { output, version, hasBundledNode = false, env = {} } = options;
  const flags = [
    ...(version === undefined ? [] : ['--version', version]),
    ...(hasBundledNode ? ['--with-bundled-node'] : []),
  ];
  const file = path.join(packageFolder, 'packaging', 'rpm', 'build');
  const args = ['--fast', '--output', output, ...flags];
  // For a moment each looks whether the clone has its packages, and one at a time does.
  const ended = async (): Promise<ChildEnd | undefined> => {
    const end = await start(file, args, { cwd: output, env });
    return end.exitCode === exitCodes.temporary ? undefined : end;
  };
  return outputOf(file, args, await eventually(ended, `${file} has its turn`, 60_000))
    .trim()
    .split('\n');
}

type Options = { cwd: string; env?: Record<string, string> };

function start(file: string, args: readonly string[], options: Options): Promise<ChildEnd> {
  return runChild({ file, args, ...options, inheritEnv: true, timeoutMs: 200_000, stdoutLimitBytes: 100_000 });
}

function outputOf(file: string, args: readonly string[], end: ChildEnd): string {
  if (end.exitCode !== 0) throw new Error(`${file} ${args.join(' ')}: ${describeEnd(end)}\n${end.outputTail}`);
  return end.stdout;
}

async function run(file: string, args: readonly string[], options: Options): Promise<string> {
  return outputOf(file, args, await start(file, args, options));
}

export const systemdMacros = path.join(checkDataFolder, 'systemd-rpm-macros');

/** Makes `folder/old` with a Node.js that is too old for us, and `folder/fedora` with one that is not; both have the systemd part. */
export async function makeRepositories(folder: string): Promise<void> {
  const fetch = path.join(packageFolder, 'packaging', 'rpm', 'fetch-systemd-macros');
  if (!existsSync(path.join(systemdMacros, 'macros.systemd'))) await run(fetch, [systemdMacros], { cwd: folder });
  const specs = { systemd: await systemdSpec(), nodejs22, nodejs24 };
  await mkdir(path.join(folder, 'specs'), { recursive: true });
  for (const [name, spec] of Object.entries(specs)) {
    const file = path.join(folder, 'specs', `${name}.spec`);
    await writeFile(file, spec);
    await run('rpmbuild', [`--define=_topdir ${folder}/build`, '--define=_binary_payload w1.gzdio', '-bb', file], {
      cwd: folder,
    });
  }
  const built = path.join(folder, 'build', 'RPMS', 'noarch');
  for (const [repository, wanted] of [
    ['old', /^(?:systemd|nodejs22)-/u],
    ['fedora', /^(?:systemd|nodejs22|nodejs24)-/u],
  ] as const) {
    const to = path.join(folder, repository);
    await mkdir(to);
    for (const name of await readdir(built)) {
      if (wanted.test(name)) await run('cp', [path.join(built, name), to], { cwd: folder });
    }
    await run('createrepo_c', ['--quiet', to], { cwd: folder });
  }
}

const standIn = `License: none
BuildArch: noarch
AutoReqProv: no
Summary: stands in for the package of this name
%description
Stands in for the package of this name.
`;

async function systemdSpec(): Promise<string> {
  const triggers = await readFile(path.join(systemdMacros, 'triggers'), 'utf8');
  const parts = triggers.split(/^(?=%transfiletrigger)/mu);
  // The rest is for udev and other things that no machine of ours has.
  const wanted = parts.filter((part) =>
    /^%transfiletrigger.* -- \/usr\/lib\/(?:systemd|sysusers|tmpfiles)/u.test(part),
  );
  return `Name: systemd
Version: 257
Release: 1
Provides: /bin/sh
${standIn}
%install
install -Dpm 0755 ${systemdMacros}/systemd-update-helper %{buildroot}/usr/lib/systemd/systemd-update-helper
%files
/usr/lib/systemd/systemd-update-helper
${wanted.filter((part) => !part.includes('catalog')).join('\n')}`;
}

const nodeSpec = (name: string, version: string, install: string, files: string): string => `Name: ${name}
Epoch: 1
Version: ${version}
Release: 1
Provides: nodejs(engine) = ${version}
${standIn}
%install
${install}
%files
${files}
`;

/** The one that is plain \`node\`. */
const nodejs22 = nodeSpec(
  'nodejs22',
  '22.22.3',
  `install -d %{buildroot}/usr/bin
printf '#!/bin/sh\\necho v22.22.3\\n' >%{buildroot}/usr/bin/node
chmod 755 %{buildroot}/usr/bin/node`,
  '/usr/bin/node',
);

/** The Node.js of this check, which the machine sees in /usr/local; only by its versioned name, beside the other. */
const nodejs24 = nodeSpec(
  'nodejs24',
  process.versions.node,
  `install -d %{buildroot}/usr/bin
ln -s /usr/local/bin/node %{buildroot}/usr/bin/node-24`,
  '/usr/bin/node-24',
);
