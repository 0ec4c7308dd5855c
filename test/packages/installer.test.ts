// deadline: 300 s
/**
 * packaging/install.sh with a release folder made of the real project: onto machines that have nothing but the everyday programs, up to
 * the first transcript, and back off again. What may go wrong, installer-refusals.test.ts shows with tiny releases.
 */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { runChild } from '../../src/run-child.ts';
import { testEngine } from '../support/engine.ts';
import { addRecording, shortSample, shortSampleWords, wrongWords } from '../support/library.ts';
import { makeRoot } from '../support/machine-root.ts';
import { parseLogLine, startProgram, workerEnvironment } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  buildRelease,
  everydayPath,
  freshHome,
  install,
  installedVersion,
  installScript,
  machineEnvironment,
  nodePlatform,
  tarball,
  tinyRelease,
  unknownToGit,
  version,
} from './release-folder.ts';

const installer = suite('installer');

const shared = await temporaryFolder();
installer.after(async () => {
  await shared[Symbol.asyncDispose]();
});
const release = shared.join('release');
installer.before(() => buildRelease(release));

/** A machine without Node.js. */
const bare = await everydayPath(shared.join('bare'));
const usual = `${path.dirname(process.execPath)}:${bare}`;

type Body = () => Promise<void>;

const isNodeThere = ['linux-x64', 'linux-arm64'].includes(nodePlatform);
if (!isNodeThere) console.log(`skipped, npm has no Node.js for ${nodePlatform}: machines without Node.js`);
const whereNodeIsThere = (title: string, body: Body): void =>
  isNodeThere ? installer(title, body) : installer.skip(title, body);

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log('skipped, chroot takes root: a fresh Debian');
const asRoot = (title: string, body: Body): void =>
  isNodeThere && isRoot ? installer(title, body) : installer.skip(title, body);

const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

whereNodeIsThere('brings Node.js where there is none, and a transcript follows', async () => {
  await using machine = await freshHome();
  const startedAt = performance.now();
  const end = await install({ machine, PATH: bare, args: ['--from', release] });
  assert.is(end.exitCode, 0, end.outputTail);
  const installTime = seconds(startedAt);
  assert.match(end.outputTail, `${machine.home}/.local/bin is not in PATH`);

  const library = machine.join('library');
  const recording = await addRecording(library, 'a.mp3', await readFile(shortSample));
  const program = (name: string): string => path.join(machine.home, '.local/bin', name);
  const env = machineEnvironment({ machine, PATH: `${bare}:/usr/bin:/bin` });
  await using server = startProgram({
    file: program('stt-server'),
    args: ['--library', library, '--port', '0', '--database', machine.join('tasks.sqlite')],
    cwd: machine.home,
    env: { ...env, STT_SETTLE_SECONDS: '0' },
  });
  const url = parseLogLine(await server.seen(/"msg":"listening"/u)).url ?? '';
  const worker = await runChild({
    file: program('stt'),
    args: ['run', '--until-empty'],
    cwd: machine.home,
    env: { ...env, ...workerEnvironment(machine.join('data'), url) },
    timeoutMs: 100_000,
  });
  assert.is(worker.exitCode, 0, worker.outputTail);
  assert.is(await wrongWords(recording, shortSampleWords), 0);
  console.log(`    installed, with Node.js, in ${installTime}; first transcript after ${seconds(startedAt)}`);

  const doctor = await runChild({
    file: program('stt'),
    args: ['doctor', '--quick', '--no-server', '--json'],
    cwd: machine.home,
    env: machineEnvironment({ machine, PATH: bare }),
    stdoutLimitBytes: 100_000,
  });
  const { checks } = JSON.parse(doctor.stdout) as { checks: { check: string; status: string }[] };
  assert.is(checks.find(({ check }) => check === 'program')?.status, 'ok', doctor.stdout);
});

installer('does nothing the second time, is upgraded, and leaves the home as it was', async () => {
  await using machine = await freshHome();
  const args = ['--from', release];
  const startedAt = performance.now();
  const first = await install({ machine, PATH: usual, args });
  assert.is(first.exitCode, 0, first.outputTail);
  console.log(`    installed, with the Node.js that is there, in ${seconds(startedAt)}`);
  assert.is(await installedVersion({ machine, PATH: bare }), version);
  const again = await install({ machine, PATH: usual, args });
  assert.is(again.exitCode, 0, again.outputTail);
  assert.match(again.outputTail, 'nothing to do');
  const pages = ['.local/share/man/man1/stt-server.1', '.local/share/bash-completion/completions/stt'];
  for (const page of pages) assert.ok((await machine.left()).includes(page), page);

  const newer = await tinyRelease(shared.join('newer'), '9.0.0');
  const upgraded = await install({ machine, PATH: usual, args: ['--from', newer] });
  assert.is(upgraded.exitCode, 0, upgraded.outputTail);
  assert.is(await installedVersion({ machine, PATH: bare }), '9.0.0');
  const there = await machine.left();
  for (const page of pages) assert.not.ok(there.includes(page), `${page}, which the newer one has not`);

  await mkdir(path.join(machine.home, '.config/stt'), { recursive: true });
  await writeFile(path.join(machine.home, '.config/stt/worker.env'), 'STT_TOKEN=x\n');
  const dry = await install({ machine, PATH: usual, args: ['--uninstall', '--dry-run'] });
  assert.match(dry.outputTail, 'To be removed');
  assert.is(await installedVersion({ machine, PATH: bare }), '9.0.0');
  const removed = await install({ machine, PATH: usual, args: ['--uninstall'] });
  assert.is(removed.exitCode, 0, removed.outputTail);
  assert.match(removed.outputTail, `Data and settings stay: ${machine.home}/.config/stt`);
  assert.equal(await machine.left(), ['.config', '.config/stt', '.config/stt/worker.env']);
  const nothing = await install({ machine, PATH: usual, args: ['--uninstall'] });
  assert.is(nothing.exitCode, 0, nothing.outputTail);
  assert.match(nothing.outputTail, 'Nothing of stt is installed');
});

asRoot('installs for all users of a fresh Debian, and transcribes there', async () => {
  await using root = await makeRoot({ suite: 'trixie' });
  await cp(release, root.join('media/release'), { recursive: true });
  await cp(path.dirname(testEngine().whisperCli), root.join('opt/engine'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  await cp(testEngine().model, root.join('opt/model.bin'));
  const recording = await addRecording(root.join('srv/library'), 'a.mp3', await readFile(shortSample));
  const PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
  const env = { PATH, HOME: '/root', TMPDIR: '/tmp', STT_SETTLE_SECONDS: '0' };
  // The server reads /proc; mounted for that program alone.
  const enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"';
  const unshared = ['--mount', '--propagation', 'private', 'sh', '-c', enter, root.path];
  const inside = (...args: string[]) => ({ file: 'unshare', args: [...unshared, ...args], cwd: '/', env });

  await writeFile(root.join('etc/sudoers'), 'Defaults  secure_path = "/usr/sbin:/usr/bin:/sbin:/bin"\n');
  const before = await readdir(root.join('usr/local'), { recursive: true });
  const startedAt = performance.now();
  const end = await runChild({ ...inside('sh', '/media/release/install.sh', '--yes'), timeoutMs: 100_000 });
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(end.outputTail, "With sudo, type: sudo '/usr/local/bin/stt'");
  const installTime = seconds(startedAt);
  const serverArgs = ['--library', '/srv/library', '--port', '0', '--database', '/root/tasks.sqlite'];
  await using server = startProgram(inside('stt-server', ...serverArgs));
  const url = parseLogLine(await server.seen(/"msg":"listening"/u)).url ?? '';
  const settings = {
    SERVER_URL: url,
    STT_WHISPER_CLI: '/opt/engine/whisper-cli',
    STT_MODEL: '/opt/model.bin',
    STT_THREADS: '1',
  };
  const worker = inside('stt', 'run', '--until-empty');
  const ended = await runChild({ ...worker, env: { ...env, ...settings }, timeoutMs: 100_000 });
  assert.is(ended.exitCode, 0, ended.outputTail);
  assert.is(await wrongWords(recording, shortSampleWords), 0);
  console.log(`    fresh Debian: installed in ${installTime}; first transcript after ${seconds(startedAt)}`);
  await server.stop();

  // Services have users of their own.
  const asNobody = inside('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'stt', '--version');
  assert.match((await runChild({ ...asNobody, stdoutLimitBytes: 1000 })).stdout, `stt/${version} `);
  const removed = await runChild(inside('sh', '/media/release/install.sh', '--uninstall', '--yes'));
  assert.is(removed.exitCode, 0, removed.outputTail);
  assert.equal(await readdir(root.join('usr/local'), { recursive: true }), before);
});

installer('a release has the right sums, and nothing in it that another build would have otherwise', async () => {
  const end = await runChild({ file: 'sha256sum', args: ['--check', '--strict', 'SHA256SUMS'], cwd: release });
  assert.is(end.exitCode, 0, end.outputTail);
  const list = await runChild({
    file: 'tar',
    args: ['--full-time', '-tvzf', tarball],
    cwd: release,
    env: { TZ: 'UTC' },
    stdoutLimitBytes: 1_000_000,
  });
  const entries = list.stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/ +/u));
  const names = entries.map((entry) => entry[5] ?? '');
  assert.equal(
    names,
    names.toSorted((a, b) => Buffer.compare(sortable(a), sortable(b))),
  );
  const others = entries.map(([mode, owner, , day, time]) => [mode, owner, day, time].join(' '));
  const when = '0/0 1985-10-26 08:15:00';
  assert.equal([...new Set(others)].toSorted(), [`-rw-r--r-- ${when}`, `-rwxr-xr-x ${when}`, `drwxr-xr-x ${when}`]);
  for (const needed of [
    'bin/stt.js',
    'dist/server/main.js',
    'systemd/stt-worker.service',
    'whisper/pins.json',
    'LICENSE',
    'node_modules/got/package.json',
  ]) {
    assert.ok(names.includes(`stt-${version}/${needed}`), needed);
  }
  assert.not.ok(names.includes(`stt-${version}/${unknownToGit}`), 'what git does not know');
  assert.equal(
    names.filter((name) => /\.test\.|\.ts$|\.map$|\/typescript\/|\/train\/|\.node$|package-lock/u.test(name)),
    [],
  );
});

/** As tar sorts: a folder is followed by what is in it. */
const sortable = (name: string): Buffer => Buffer.from(name.replaceAll('/', '\0'));

installer('makes no release of what git does not know', async () => {
  await using folder = await temporaryFolder();
  const root = folder.join('above', 'sources');
  for (const file of ['bin/bootstrap', 'packaging/release/build']) {
    await cp(path.join(packageFolder, file), path.join(root, file));
  }
  await mkdir(path.join(root, 'node_modules/typescript'), { recursive: true });
  const build = path.join(root, 'packaging/release/build');
  const env = { PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
  const refuses = async (): Promise<void> => {
    const end = await runChild({ file: build, args: ['--output', folder.join('release')], env, timeoutMs: 20_000 });
    assert.is(end.exitCode, 69, end.outputTail);
    assert.match(end.outputTail, 'A release is made from a clone, with git');
  };
  await refuses();
  // One that lies in the repository of something else.
  await runChild({ file: 'git', args: ['init', '--quiet', folder.join('above')], env });
  await refuses();
  assert.equal(await readdir(folder.join('release')), []);
});

installer('brings the Node.js that bin/bootstrap pins', async () => {
  const pins = async (file: string): Promise<string[]> => {
    const text = await readFile(file, 'utf8');
    // `npm)` is bootstrap's alone.
    return [...text.matchAll(/^ *(?:node_version=|(?:node-)?(?:linux|darwin)-\w+\) echo )\S+/gmu)].map(([found]) =>
      found.trim(),
    );
  };
  const pinned = await pins(path.join(packageFolder, 'bin', 'bootstrap'));
  assert.is(pinned.length, 7, pinned.join('\n'));
  assert.equal(await pins(installScript), pinned);
});

installer('what is written for shells is clean', async () => {
  for (const args of [[installScript], ['--external-sources', path.join(packageFolder, 'packaging/release/build')]]) {
    const end = await runChild({ file: 'shellcheck', args, cwd: packageFolder });
    assert.is(end.exitCode, 0, end.outputTail);
  }
});

installer.run();
