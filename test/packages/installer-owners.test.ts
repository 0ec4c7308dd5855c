/**
 * packaging/install.sh and whom things belong to: folders that others may write to, umasks, and what sudo changes. Most of it takes root;
 * the prefix is always one of the test's own.
 */
import { existsSync } from 'node:fs';
import { chmod, chown, lchown, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  everydayPath,
  type FreshHome,
  freshHome,
  installScript,
  machineEnvironment,
  said,
  tinyRelease,
  withProgram,
} from './release-folder.ts';

const owners = suite('installer, and whom things belong to');

const shared = await temporaryFolder();
owners.after(async () => {
  await shared[Symbol.asyncDispose]();
});
// Other users come here as well.
await chmod(shared.path, 0o755);
const release = await tinyRelease(shared.join('open'), '1.0.0', { mode: 'a=rwX' });
const closed = await tinyRelease(shared.join('closed'), '1.0.0', { mode: 'u=rwX,go=' });
const newer = await tinyRelease(shared.join('newer'), '2.0.0');
const PATH = `${path.dirname(process.execPath)}:${await everydayPath(shared.join('bare'))}`;

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log('skipped, it takes root: folders of others, --system');
const asRoot = (title: string, body: () => Promise<void>): void =>
  isRoot ? owners(title, body) : owners.skip(title, body);

const nobody = 65_534;
const asNobody = ['/usr/bin/setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];

type Options = { scope?: 'user' | 'system'; umask?: string; as?: readonly string[]; env?: Record<string, string> };

/** Into `prefix` of that machine. */
function run(machine: FreshHome, args: readonly string[], options: Options = {}): Promise<ChildEnd> {
  const { scope = 'system', umask = '022', as = [], env = {} } = options;
  const command = [...as, 'sh', installScript, `--${scope}`, '--prefix', machine.join('prefix'), '--yes', ...args];
  return runChild({
    file: 'sh',
    args: ['-c', 'umask "$0" && exec "$@"', umask, ...command],
    cwd: '/',
    env: { ...machineEnvironment({ machine, PATH }), ...env },
    timeoutMs: 30_000,
  });
}

/** A machine whose folders others may enter. */
async function openHome(): Promise<FreshHome> {
  const machine = await freshHome();
  await chmod(machine.path, 0o755);
  await chmod(machine.join('tmp'), 0o1777);
  return machine;
}

const find = async (folder: string, ...test: string[]): Promise<string[]> => {
  const end = await runChild({ file: 'find', args: [folder, ...test], stdoutLimitBytes: 10_000 });
  return end.stdout.split('\n').filter((line) => line !== '');
};

/** What is spoilt in an installation of root: its owner, group and mode, and what is said of it. */
const open: [place: string, uid: number, gid: number, mode: number, said: RegExp][] = [
  ['prefix', 0, 0, 0o777, /prefix can be written to by everybody/u],
  // Like /tmp, where somebody may have been before us.
  ['prefix', 0, 0, 0o1777, /prefix can be written to by everybody/u],
  ['prefix', nobody, 0, 0o755, /prefix belongs to user 65534/u],
  ['.', 0, 0, 0o777, /can be written to by everybody/u],
  ['prefix/lib', 0, 12_345, 0o775, /prefix\/lib can be written to by group 12345/u],
  ['prefix/bin', nobody, 0, 0o755, /prefix\/bin belongs to user 65534/u],
  ['prefix/lib/stt/.made', nobody, 0, 0o644, /\.made belongs to user 65534/u],
  ['prefix/lib/stt/current', nobody, 0, 0o755, /current belongs to user 65534/u],
];

asRoot('refuses folders in which others could change what root starts or removes', async () => {
  await using machine = await openHome();
  said(await run(machine, ['--from', release]), 0, /is installed/u);
  const before = await readdir(machine.join('prefix'), { recursive: true });
  for (const [index, [place, uid, gid, mode, pattern]] of open.entries()) {
    const spoil = async (owner: number, group: number, bits: number): Promise<void> => {
      await lchown(machine.join(place), owner, group);
      await chmod(machine.join(place), bits);
    };
    await spoil(uid, gid, mode);
    const args = index % 2 === 0 ? ['--from', newer] : ['--uninstall'];
    said(await run(machine, args), 77, pattern, `${place} ${args.join(' ')}`);
    await spoil(0, 0, 0o755);
  }
  assert.equal(await readdir(machine.join('prefix'), { recursive: true }), before);
});

asRoot('puts nothing into folders for manual pages that others may write to', async () => {
  await using machine = await openHome();
  await mkdir(machine.join('prefix/share/man'), { recursive: true });
  await chown(machine.join('prefix/share/man'), nobody, 0);
  said(await run(machine, ['--from', release]), 0, /Warning: .*others may write there: share\/man\/man1\/stt\.1/u);
  assert.equal(await readdir(machine.join('prefix/share/man')), []);
});

asRoot('lets a user write where that user may, and nobody else', async () => {
  await using machine = await openHome();
  const prefix = machine.join('prefix');
  await mkdir(prefix);
  await chown(prefix, nobody, nobody);
  const asUser = { scope: 'user', as: asNobody } as const;
  said(await run(machine, ['--from', release], asUser), 0, /is installed/u);
  await chmod(path.join(prefix, 'bin'), 0o777);
  said(await run(machine, ['--uninstall'], asUser), 77, /bin can be written to by everybody/u);
  await chmod(path.join(prefix, 'bin'), 0o755);
  said(await run(machine, ['--uninstall']), 77, /belongs to user 65534.*Run this as its owner/su);
  said(await run(machine, ['--uninstall'], asUser), 0, /is removed/u);
});

owners('leaves nothing that others may write to, whatever the umask', async () => {
  await using machine = await openHome();
  said(await run(machine, ['--from', release], { scope: 'user', umask: '000' }), 0, /is installed/u);
  assert.equal(await find(machine.join('prefix'), '!', '-type', 'l', '-perm', '/022'), []);
});

asRoot('can be read by all users where it is for all users, whatever the umask', async () => {
  await using machine = await openHome();
  said(await run(machine, ['--from', closed], { umask: '077' }), 0, /is installed/u);
  assert.equal(await find(machine.join('prefix'), '!', '-perm', '-o=r'), []);
  const file = machine.join('prefix/bin/stt');
  const [setpriv = '', ...flags] = asNobody;
  const end = await runChild({ file: setpriv, args: [...flags, file], cwd: '/', stdoutLimitBytes: 1000 });
  assert.match(end.stdout, 'stt/1.0.0');
});

asRoot('keeps downloads of root where root alone may write, and not in the home that sudo keeps', async () => {
  await using machine = await openHome();
  await chown(machine.home, nobody, nobody);
  const log = machine.join('log');
  const curl = `while [ $# -gt 0 ]; do case "$1" in --output) file=$2 ;; esac; url=$1; shift; done
case "$url" in */SHA256SUMS) cp "${release}/SHA256SUMS" "$file"; echo 200 ;; *) echo "$file" >"${log}"; exit 7 ;; esac`;
  const env = { PATH: await withProgram(machine, 'curl', curl, PATH) };
  const from = ['--from', 'https://example.org/stt'];
  // A /var/cache of its own.
  const inside = 'mount -t tmpfs tmpfs /var/cache && exec "$@"';
  const as = [
    '/usr/bin/unshare',
    '--mount',
    '--propagation',
    'private',
    '/bin/sh',
    '-c',
    `PATH=$PATH:/usr/bin:/bin; ${inside}`,
    'sh',
  ];
  said(await run(machine, from, { as, env }), 69, /cannot be fetched/u);
  assert.is((await readFile(log, 'utf8')).trim(), '/var/cache/stt/install/stt-1.0.0.tar.gz');
  said(await run(machine, from, { scope: 'user', env }), 69, /cannot be fetched/u);
  assert.match(await readFile(log, 'utf8'), new RegExp(`^${machine.join('tmp')}/`, 'u'));
  assert.equal(await readdir(machine.home), ['.profile']);
  assert.not.ok(existsSync(machine.join('prefix')));
});

asRoot('says what to type where sudo does not find it', async () => {
  await using machine = await openHome();
  const underSudo = await run(machine, ['--from', release], { env: { SUDO_UID: '1000' } });
  said(underSudo, 0, /With sudo, type: sudo '\S+\/prefix\/bin\/stt'\n/u);
  assert.not.match(underSudo.outputTail, /export PATH/u);
  assert.match(underSudo.outputTail, /Next: "sudo '\S+\/prefix\/bin\/stt' setup"/u);
  await rm(machine.join('prefix'), { recursive: true });
  const found = `${machine.join('prefix/bin')}:${PATH}`;
  const finds = await run(machine, ['--from', release], { env: { SUDO_UID: '1000', PATH: found } });
  said(finds, 0, /Next: "sudo stt setup"/u);
  assert.not.match(finds.outputTail, /With sudo, type/u);
});

asRoot('follows a link to its own folder, unless it is that of somebody else', async () => {
  await using machine = await openHome();
  await mkdir(machine.join('elsewhere'));
  await symlink(machine.join('elsewhere'), machine.join('prefix'));
  said(await run(machine, ['--from', release]), 0, /is installed/u);
  await writeFile(machine.join('elsewhere/mine'), '');
  await lchown(machine.join('prefix'), nobody, nobody);
  said(await run(machine, ['--uninstall']), 77, /prefix belongs to user 65534/u);
  await lchown(machine.join('prefix'), 0, 0);
  said(await run(machine, ['--uninstall']), 0, /is removed/u);
  assert.equal(await readdir(machine.join('elsewhere')), ['mine']);
});

owners.run();
