// deadline: 400 s
/** The files in `systemd/`, judged by systemd itself: they are understood, they shut in what they start, and their times fit. */
import { appendFile, copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { httpLimits } from '../../server/http/http-limits.ts';
import { workerSettings } from '../../src/config/worker-settings.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import { packageFolder } from '../../src/package-folder.ts';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { renderGpuDropIn } from '../../src/service/render-unit.ts';
import { unitValues } from '../../src/service/unit-text.ts';
import { whyNoMachine } from '../support/booted-machine.ts';
import { makeRoot, type MachineRoot } from '../support/machine-root.ts';

const units = suite('the units of systemd');

const folder = path.join(packageFolder, 'systemd');
const unitFiles = ['stt-server.service', 'stt-worker.service', 'user/stt-worker.service'] as const;
const unitText = (file: string): Promise<string> => readFile(path.join(folder, file), 'utf8');

/** A span as units state it, in seconds. */
function seconds(span: string | undefined): number {
  const found = /^(\d+)(min)?$/u.exec(span ?? '');
  if (found === null) throw new Error(`not a number of seconds or minutes: ${span}`);
  return Number(found[1]) * (found[2] === 'min' ? 60 : 1);
}

const serviceSeconds = async (file: string, key: string): Promise<number> =>
  seconds(unitValues(await unitText(file), 'Service', key).at(-1));

units('give a worker the time that it takes to stop, and a margin', async () => {
  /** To start, to end children that heed no SIGTERM (3 s), to write the last line. */
  const marginSeconds = 10;
  for (const file of ['stt-worker.service', 'user/stt-worker.service']) {
    const limit = await serviceSeconds(file, 'TimeoutStopSec');
    const needed = workerSettings.stopSeconds.fallback + marginSeconds;
    assert.ok(limit >= needed, `${file}: ${limit} s, and a stop may take ${needed} s`);
    // Else the whole machine waits for it when it is switched off.
    assert.ok(limit <= 90, `${file}: ${limit} s`);
  }
});

units('give the server the time that running requests get, and a margin', async () => {
  const limit = await serviceSeconds('stt-server.service', 'TimeoutStopSec');
  const needed = Math.max(httpLimits.uploadGraceMs, httpLimits.downloadGraceMs) / 1000 + 10;
  assert.ok(limit >= needed, `${limit} s, and a stop may take ${needed} s`);
  assert.ok(limit <= 90, `${limit} s`);
});

units('give a server the time to look its database through before it listens', async () => {
  // 100 GB at 150 MB a second.
  const needed = 100_000 / 150;
  assert.ok((await serviceSeconds('stt-server.service', 'TimeoutStartSec')) >= needed);
});

units('name themselves in the journal, whatever program runs them', async () => {
  for (const file of unitFiles) {
    const named = unitValues(await unitText(file), 'Service', 'SyslogIdentifier');
    assert.equal(named, [path.basename(file, '.service')], file);
  }
});

units('do not start again what starting again does not mend', async () => {
  const { usage, noPermission, config } = exitCodes;
  for (const file of unitFiles) {
    const named = unitValues(await unitText(file), 'Service', 'RestartPreventExitStatus');
    assert.equal(named, [[usage, noPermission, config].join(' ')], file);
  }
});

units('never run as root, and say why for each group of their keys', async () => {
  for (const file of unitFiles) {
    const text = await unitText(file);
    if (!file.startsWith('user/')) {
      const name = path.basename(file, '.service');
      assert.equal(unitValues(text, 'Service', 'User'), [name]);
      assert.match(await unitText(`${name}.sysusers.conf`), new RegExp(`^u ${name} `, 'mu'));
    }
    for (const paragraph of text.split('\n\n')) {
      assert.match(paragraph, /^#|^\[Install\]/mu, `${file}: a group without a comment:\n${paragraph}`);
    }
  }
  for (const file of ['stt-server.preset', 'stt-worker.preset']) {
    assert.match(await unitText(file), new RegExp(`^disable ${path.basename(file, '.preset')}\\.service$`, 'mu'));
  }
});

const missing = whyNoMachine();
if (missing !== undefined) console.log(`skipped, ${missing}: what systemd itself says of the units`);
const there = (title: string, test: () => Promise<void>): void =>
  missing === undefined ? units(title, test) : units.skip(title, test);

/** Unpacked once. */
let unpacked: Promise<MachineRoot> | undefined;
const installedRoot = (): Promise<MachineRoot> => (unpacked ??= installUnits());
units.after(async () => {
  await (await unpacked)?.[Symbol.asyncDispose]();
});

/** A system where the units are installed as a package does it. */
async function installUnits(): Promise<MachineRoot> {
  const root = await makeRoot({ suite: 'trixie' });
  for (const program of ['stt', 'stt-server']) await copyFile(root.join('usr/bin/true'), root.join('usr/bin', program));
  const system = root.join('usr/lib/systemd/system');
  await copyFile(path.join(folder, 'stt-server.service'), path.join(system, 'stt-server.service'));
  await copyFile(path.join(folder, 'stt-worker.service'), path.join(system, 'stt-worker.service'));
  await copyFile(path.join(folder, 'user/stt-worker.service'), root.join('usr/lib/systemd/user/stt-worker.service'));
  for (const name of await readdir(folder)) {
    const [, unit, kind] = /^(.+)\.(sysusers|tmpfiles)\.conf$/u.exec(name) ?? [];
    if (kind !== undefined) await copyFile(path.join(folder, name), root.join(`usr/lib/${kind}.d`, `${unit}.conf`));
  }
  return root;
}

/** Not booted: the tools of its systemd only look at its files. */
const within = (root: MachineRoot, ...command: string[]): Promise<ChildEnd> =>
  runChild({
    file: 'unshare',
    args: ['--mount', 'sh', '-c', 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', root.path, ...command],
    env: { XDG_RUNTIME_DIR: '/run' },
  });

const verify = (root: MachineRoot, ...args: string[]): Promise<ChildEnd> =>
  within(root, 'systemd-analyze', 'verify', '--man=no', ...args);

type Assessment = { score: number; isWithin: boolean };

async function assess(root: MachineRoot, unit: string, limit: number): Promise<Assessment> {
  const end = await within(
    root,
    'systemd-analyze',
    'security',
    '--offline=true',
    '--no-pager',
    `--threshold=${limit * 10}`,
    `/usr/lib/systemd/system/${unit}`,
  );
  const score = /Overall exposure level for \S+: (\d+\.\d+)/u.exec(end.outputTail)?.[1];
  if (score === undefined) throw new Error(end.outputTail);
  return { score: Number(score), isWithin: end.exitCode === 0 };
}

const workerDropIns = 'etc/systemd/system/stt-worker.service.d';

there('are understood to the last key, and expose little', async () => {
  const root = await installedRoot();
  const server = '/usr/lib/systemd/system/stt-server.service';
  const worker = '/usr/lib/systemd/system/stt-worker.service';
  assert.is((await verify(root, server)).outputTail, '');
  assert.is((await verify(root, worker)).outputTail, '');
  assert.is((await verify(root, '--user', '/usr/lib/systemd/user/stt-worker.service')).outputTail, '');

  const scores = {
    server: await assess(root, 'stt-server.service', 1.5),
    cpu: await assess(root, 'stt-worker.service', 2),
  };
  assert.ok(scores.server.isWithin, `server: ${scores.server.score}`);

  // As install-service does it on a machine with an NVIDIA GPU.
  await mkdir(root.join(workerDropIns), { recursive: true });
  const gpu = renderGpuDropIn(await unitText('gpu.conf'), ['render', 'video'], '/usr/bin/nvidia-modprobe');
  await writeFile(root.join(workerDropIns, 'gpu.conf'), gpu);
  assert.is((await verify(root, worker)).outputTail, '');
  const onGpu = await assess(root, 'stt-worker.service', 2);
  assert.ok(onGpu.isWithin, `worker on a GPU: ${onGpu.score}`);
  assert.ok(scores.cpu.score < onGpu.score, `${scores.cpu.score} without a GPU, ${onGpu.score} with one`);
  console.log(`exposure: server ${scores.server.score}, worker ${scores.cpu.score}, on a GPU ${onGpu.score}`);

  // What would be seen here if there were something to see.
  await appendFile(
    root.join('usr/lib/systemd/system/stt-server.service'),
    '[Service]\nProtectHomes=yes\nPrivateUsers=no\nUser=\n',
  );
  assert.match((await verify(root, server)).outputTail, /ProtectHomes/u);
  assert.not.ok((await assess(root, 'stt-server.service', 1.5)).isWithin);
});

there('come with users and folders that systemd makes as they are named', async () => {
  const root = await installedRoot();
  for (const name of ['stt-server', 'stt-worker']) {
    const users = await within(root, 'systemd-sysusers', `/usr/lib/sysusers.d/${name}.conf`);
    assert.is(users.exitCode, 0, users.outputTail);
    assert.match(users.outputTail, new RegExp(`Creating user '${name}'`, 'u'));
    const folders = await within(root, 'systemd-tmpfiles', '--create', `/usr/lib/tmpfiles.d/${name}.conf`);
    assert.is(`${folders.exitCode} ${folders.outputTail}`, '0 ');
  }
  const passwd = await readFile(root.join('etc/passwd'), 'utf8');
  const userId = (name: string): number => Number(new RegExp(`^${name}:[^:]*:(\\d+):`, 'mu').exec(passwd)?.[1]);
  const owners = {
    'etc/stt': 0,
    'var/lib/stt': 0,
    'var/lib/stt/server': userId('stt-server'),
    'var/lib/stt/worker': userId('stt-worker'),
  };
  for (const [name, owner] of Object.entries(owners)) assert.is((await stat(root.join(name))).uid, owner, name);
  assert.is((await stat(root.join('var/lib/stt'))).mode & 0o777, 0o755);
  assert.is((await stat(root.join('var/lib/stt/server'))).mode & 0o777, 0o750);
  assert.is((await stat(root.join('var/lib/stt/worker'))).mode & 0o777, 0o700);
});

units.run();
