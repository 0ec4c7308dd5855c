// deadline: 600 s
/**
 * The worker as a service of a machine that was really booted: installed from the npm package, started, killed, stopped, frozen,
 * rebooted with, misconfigured, and taken away; for the machine and for one of its users.
 */
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { describeEnd, runChild } from '../../src/run-child.ts';
import { renderGpuDropIn } from '../../src/service/render-unit.ts';
import { changeUnit } from '../../src/service/unit-text.ts';
import { whyNoMachine } from '../support/booted-machine.ts';
import { eventually } from '../support/eventually.ts';
import { samples } from '../support/library.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';
import { addToLibrary, type InstalledMachine, installMachine, places, writeSettings } from './installed-machine.ts';
import { type MachineProcess, type MachineServices, servicesOf } from './machine-services.ts';

const services = suite('the worker as a service');

const missing = whyNoMachine();
if (missing !== undefined) console.log(`skipped, ${missing}: services on a booted machine`);
const there = (title: string, test: () => Promise<void>): void =>
  missing === undefined ? services(title, test) : services.skip(title, test);

/** Of the first test; the others go on with it. */
let installed: InstalledMachine;
let on: MachineServices;
let folder: TemporaryFolder | undefined;
/** Minutes of work for the engine. */
let longRecording: string;

const lap = (what: string, startedAt: number): void =>
  console.log(`${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);

services.after(async () => {
  await (installed as InstalledMachine | undefined)?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

type LongTask = AsyncDisposable & { recording: string; engine: MachineProcess; ffmpeg: MachineProcess | undefined };

/** Makes a long recording the task in hand. At the end of the test the worker is stopped, and the recording gone. */
async function inTheMiddle(name: string): Promise<LongTask> {
  await on.output('systemctl', 'start', 'stt-worker');
  const recording = await addToLibrary(installed, `${name}.mp3`, longRecording);
  let ffmpeg: MachineProcess | undefined;
  const look = async (): Promise<MachineProcess | undefined> => {
    const processes = await on.processesOf('stt-worker');
    ffmpeg ??= processes.find(({ command }) => /^\S*ffmpeg .*\/work\//u.test(command));
    const engine = processes.find(({ command }) => /^\S*whisper-cli /u.test(command));
    return engine !== undefined && (await on.taskOf(recording))?.state === 'leased' ? engine : undefined;
  };
  const engine = await eventually(look, 'the engine works on the long recording', 60_000);
  return {
    recording,
    engine,
    ffmpeg,
    [Symbol.asyncDispose]: async () => {
      await on.output('systemctl', 'stop', 'stt-worker');
      await rm(recording);
    },
  };
}

const workerSettings = (): Record<string, string> => ({
  SERVER_URL: installed.url,
  STT_MODEL: 'demo-digits',
  STT_THREADS: '1',
  NODE_NAME: 'machine',
});

const workerEnv = (): string => installed.join('etc/stt/worker.env');

there('comes with an npm package that a plain system can install', async () => {
  const startedAt = performance.now();
  folder = await temporaryFolder();
  longRecording = folder.join('long.mp3');
  const long = samples.find(({ name }) => name === 'digits-en-long')?.recording ?? '';
  const args = ['-nostdin', '-loglevel', 'error', '-stream_loop', '39', '-i', long, '-c', 'copy', longRecording];
  const end = await runChild({ file: 'ffmpeg', args });
  if (end.exitCode !== 0) throw new Error(`ffmpeg: ${describeEnd(end)}\n${end.outputTail}`);
  installed = await installMachine();
  on = servicesOf(installed);
  const bootSeconds = (installed.machine.bootMs / 1000).toFixed(1);
  lap(`a machine with stt and its server (booted in ${bootSeconds} s)`, startedAt);
});

there('is installed, starts, says what it does, and transcribes as a user of its own', async () => {
  const startedAt = performance.now();
  await on.output('stt', 'setup', '--adopt', places.whisperCli);
  await on.output('stt', 'models', 'download', 'demo-digits');
  await writeSettings(workerEnv(), { ...workerSettings(), PASSWORD: 'hunter2' });
  await on.output('stt', 'install-service', '--system', '--now');
  assert.ok(await on.isActive());
  assert.is(await on.show('UnitFileState'), 'enabled');
  await on.transcribe('first');
  await eventually(async () => /idle/u.test(await on.show('StatusText')), 'the service says that it waits');
  assert.match(await on.show('StatusText', 'stt-server'), /0 waiting/u);

  for (const unit of ['stt-worker', 'stt-server']) {
    const users = new Set((await on.processesOf(unit)).map(({ user }) => user));
    assert.equal([...users], [unit]);
  }
  const named = await on.output('journalctl', '--quiet', '--output=cat', '--identifier=stt-worker', '--lines=50');
  assert.match(named, /transcribed/u);
  const lines = await on.journalOf('stt-worker');
  assert.ok(lines.some(({ message, priority }) => /transcribed/u.test(message) && priority === 6));
  assert.not.ok(
    lines.some(({ message }) => /^(?:<\d>|\{)|hunter2/u.test(message)),
    'no prefix, no JSON, no secret',
  );
  lap('from the engine to the first transcript of the service', startedAt);
});

there('is started again when it is killed, and its engine dies with it', async () => {
  // So that it is not systemd who ends the engine.
  await using changed = new AsyncDisposableStack();
  changed.use(await on.dropIn('stt-worker', '[Service]\nKillMode=process\nRestartSec=3\n'));
  await using task = await inTheMiddle('killed');
  const [limit] = /^Max core file size +\d+/mu.exec(await on.output('cat', `/proc/${task.engine.pid}/limits`)) ?? [];
  assert.match(limit ?? '', / 0$/u);
  // Nothing keeps the worker from restraining its children.
  assert.is(task.engine.niceness, 10);
  assert.is(task.ffmpeg?.niceness, 19);

  await on.output('kill', '-KILL', await on.show('MainPID'));
  const isGone = async (): Promise<boolean> =>
    (await installed.machine.run(['test', '-e', `/proc/${task.engine.pid}`])).exitCode !== 0;
  await eventually(isGone, 'the engine ends with the worker', 2000);
  await eventually(
    async () => (await on.isActive()) && (await on.show('NRestarts')) === '1',
    'it is started again',
    30_000,
  );
  assert.not.ok((await on.journalOf('stt-worker')).some(({ message }) => /left-over process/u.test(message)));
});

there('hands its task back at once when it is stopped', async () => {
  await using task = await inTheMiddle('stopped');
  const startedAt = performance.now();
  await on.output('systemctl', 'stop', 'stt-worker');
  const stopMs = performance.now() - startedAt;
  const handedBack = await on.taskOf(task.recording);
  assert.is(handedBack?.state, 'pending');
  assert.is(handedBack?.attempts, 0);
  assert.is(await on.show('Result'), 'success');
  assert.ok(stopMs < 15_000, `${stopMs} ms`);
  lap('stopped with a task in hand, which was handed back', startedAt);
});

there('works again after a reboot', async () => {
  const startedAt = performance.now();
  await installed.machine.reboot();
  await eventually(async () => (await on.isActive()) && (await on.isActive('stt-server')), 'both services run', 30_000);
  lap('rebooted, until both services run', startedAt);
  await on.transcribe('after-reboot');
});

there('says to root how to do it as the service would, and that works', async () => {
  const refused = await installed.machine.run(['stt', 'outbox', 'flush']);
  assert.is(refused.exitCode, 77, refused.stderr);
  const typed = /systemd-run .*$/mu.exec(refused.stderr)?.[0] ?? '';
  // It reads the settings of the service, and delivers: there is nothing.
  assert.match(typed, /outbox flush$/u);
  await on.output('sh', '-c', typed);
});

there('is ended and started again when it is frozen', async () => {
  await using changed = new AsyncDisposableStack();
  changed.use(await on.dropIn('stt-worker', '[Service]\nWatchdogSec=4\nTimeoutAbortSec=1\nRestartSec=100ms\n'));
  await on.output('systemctl', 'restart', 'stt-worker');
  const [before, restarts] = [await on.show('MainPID'), Number(await on.show('NRestarts'))];
  // It lives on while it is well.
  await on.transcribe('watched');
  assert.is(await on.show('MainPID'), before);
  await on.output('kill', '-STOP', before);
  await eventually(
    async () => Number(await on.show('NRestarts')) > restarts && (await on.isActive()),
    'it is started again',
    30_000,
  );
  const lines = await on.journalOf('stt-worker');
  assert.ok(lines.some(({ message }) => /Watchdog timeout/u.test(message)));
  assert.ok(lines.some(({ message }) => /Failed with result 'watchdog'/u.test(message)));
});

there('ignores secrets that others may read, and warns', async () => {
  await chmod(workerEnv(), 0o644);
  await on.output('systemctl', 'restart', 'stt-worker');
  const warned = (await on.journalOf('stt-worker', '--priority', '4')).filter(({ message }) =>
    /chmod 600/u.test(message),
  );
  assert.is(warned.at(-1)?.priority, 4);
  assert.match(warned.at(-1)?.message ?? '', /Others may read \/etc\/stt\/worker\.env.*ignored.*PASSWORD/u);
  await chmod(workerEnv(), 0o600);
  await on.output('systemctl', 'stop', 'stt-worker');
});

there('does not start without settings, and says so', async () => {
  await on.output('systemctl', 'stop', 'stt-worker');
  await rm(workerEnv());
  const end = await installed.machine.run(['systemctl', 'start', 'stt-worker']);
  assert.is.not(end.exitCode, 0);
  assert.match(end.stderr, /Assertion failed/u);
  assert.match(await on.statusOf('stt-worker'), /AssertPathExists=\/etc\/stt\/worker\.env/u);
});

there('stays down with a wrong setting, and its status says which', async () => {
  await on.output('systemctl', 'stop', 'stt-worker');
  await writeSettings(workerEnv(), { ...workerSettings(), STT_THREADS: 'many' });
  assert.is.not((await installed.machine.run(['systemctl', 'start', 'stt-worker'])).exitCode, 0);
  await eventually(async () => (await on.show('ActiveState')) === 'failed', 'it has failed');
  assert.is(await on.show('ExecMainStatus'), '78');
  assert.is(await on.show('NRestarts'), '0');
  assert.match(await on.statusOf('stt-worker'), /STT_THREADS/u);
  const errors = await on.journalOf('stt-worker', '--priority', '3');
  assert.ok(errors.some(({ message, priority }) => /STT_THREADS/u.test(message) && priority === 3));
  await on.output('systemctl', 'reset-failed', 'stt-worker');
});

there('has a server that says when its port is taken', async () => {
  await using changed = new AsyncDisposableStack();
  changed.use(await on.dropIn('stt-server', '[Service]\nRestart=no\n'));
  changed.use(await serverDown());
  const { port } = new URL(installed.url);
  const squatter = `net.createServer().listen(${port}, '127.0.0.1', () => console.log('there'))`;
  await on.output('systemd-run', '--quiet', '--unit=squatter', 'node', '-e', squatter);
  await eventually(
    async () => (await on.journalOf('squatter')).some(({ message }) => message === 'there'),
    'it is taken',
  );
  await refuses(new RegExp(port, 'u'));
  await on.output('systemctl', 'stop', 'squatter');
});

there('has a server that says when its library is not there', async () => {
  const unplugged = '[Service]\nRestart=no\nEnvironment=AUDIO_DIR=/mnt/unplugged\n';
  await using changed = new AsyncDisposableStack();
  changed.use(await on.dropIn('stt-server', unplugged));
  changed.use(await serverDown());
  await refuses(/The library \/mnt\/unplugged cannot be read/u);
});

there('has a server that waits for the disk of its library, which systemd names', async () => {
  // A disk that systemd knows of, and that does not come.
  const disk = '[Mount]\nWhat=/dev/disk/by-label/unplugged\nWhere=/mnt/unplugged\nType=ext4\n';
  const soon = '[Unit]\nJobTimeoutSec=2\n';
  await writeFile(installed.join('etc/systemd/system/mnt-unplugged.mount'), `${soon}${disk}`);
  await using changed = new AsyncDisposableStack();
  changed.use(await on.dropIn('stt-server', '[Unit]\nRequiresMountsFor=/mnt/unplugged\n'));
  changed.use(await serverDown());
  const end = await installed.machine.run(['systemctl', 'start', 'stt-server']);
  assert.is.not(end.exitCode, 0);
  assert.match(end.stderr, /dependency job for stt-server\.service failed/u);
  await rm(installed.join('etc/systemd/system/mnt-unplugged.mount'));
});

/** Until the end of the test. */
async function serverDown(): Promise<AsyncDisposable> {
  await on.output('systemctl', 'stop', 'stt-server');
  return {
    [Symbol.asyncDispose]: async () => {
      await on.output('systemctl', 'reset-failed');
    },
  };
}

/** The server does not start, and why stands in its status and, as an error, in the journal. */
async function refuses(why: RegExp): Promise<void> {
  assert.is.not((await installed.machine.run(['systemctl', 'start', 'stt-server'])).exitCode, 0);
  assert.match(await on.statusOf('stt-server'), why);
  const errors = await on.journalOf('stt-server', '--priority', '3');
  assert.ok(
    errors.some(({ message, priority }) => why.test(message) && priority === 3),
    JSON.stringify(errors),
  );
}

there('reaches the GPUs of its classes of devices by its groups, and no other device', async () => {
  // The worker's own unit, with something else to start, on a device whose class is not a GPU's.
  const unit = changeUnit(await readFile(path.join(packageFolder, 'systemd/stt-worker.service'), 'utf8'), {
    Service: {
      Type: 'oneshot',
      ExecStart: `/bin/sh -c 'exec 3<>/dev/dri/renderD128'`,
      Restart: undefined,
      WatchdogSec: undefined,
    },
  });
  await writeFile(installed.join('etc/systemd/system/stt-probe.service'), unit);
  await on.output('groupadd', '--system', '--force', 'render');
  await on.output('mkdir', '/dev/dri');
  await on.output('mknod', '--mode=0660', '/dev/dri/renderD128', 'c', '10', '229');
  await on.output('chgrp', 'render', '/dev/dri/renderD128');
  const gpuConf = await readFile(path.join(packageFolder, 'systemd/gpu.conf'), 'utf8');
  const opens = async (groups: string[], ...more: string[]): Promise<boolean> => {
    await using changed = new AsyncDisposableStack();
    changed.use(await on.dropIn('stt-probe', [renderGpuDropIn(gpuConf, groups, undefined), ...more].join('\n')));
    const isOpened = (await installed.machine.run(['systemctl', 'start', 'stt-probe'])).exitCode === 0;
    await on.output('systemctl', 'reset-failed');
    return isOpened;
  };
  const ofItsClass = 'DeviceAllow=char-misc rw';
  assert.ok(await opens(['render'], ofItsClass));
  assert.not.ok(await opens(['render']), 'a device of another class');
  assert.not.ok(await opens([], ofItsClass), 'a device of a group that it is not in');
});

there('leaves its data and settings when it is taken away, and nothing else', async () => {
  await writeSettings(workerEnv(), workerSettings());
  await on.output('stt', 'uninstall-service');
  assert.is(await on.show('LoadState'), 'not-found');
  const left = (await readdir(installed.join('etc/systemd'), { recursive: true })).filter((name) =>
    name.includes('stt-worker'),
  );
  assert.equal(left, []);
  assert.ok(existsSync(workerEnv()));
  assert.ok(existsSync(installed.join('var/lib/stt/worker')));
  await on.output('systemctl', 'start', 'stt-server');
});

there('works for one user, who need not be there, and after a reboot', async () => {
  const startedAt = performance.now();
  const { machine } = installed;
  await on.output('useradd', '--create-home', '--uid', '1200', 'alice');
  await on.output('loginctl', 'enable-linger', 'alice');
  const asAlice = (...argv: string[]): Promise<string> => machine.output(argv, { user: 'alice' });
  await eventually(
    async () => (await machine.run(['systemctl', '--user', 'is-system-running'], { user: 'alice' })).exitCode === 0,
    "alice's manager runs",
  );
  const settings = installed.join('home/alice/.config/stt');
  await mkdir(settings, { recursive: true });
  await writeSettings(path.join(settings, 'worker.env'), workerSettings());
  for (const name of ['home/alice/.config', 'home/alice/.config/stt', 'home/alice/.config/stt/worker.env']) {
    await chown(installed.join(name), 1200, 1200);
  }
  await asAlice('stt', 'setup', '--adopt', places.whisperCli);
  await asAlice('stt', 'models', 'download', 'demo-digits');
  await asAlice('stt', 'install-service', '--user', '--now');
  const isHers = async (): Promise<boolean> => {
    const end = await machine.run(['systemctl', '--user', 'is-active', 'stt-worker'], { user: 'alice' });
    return end.stdout.trim() === 'active';
  };
  assert.ok(await isHers());
  await on.transcribe('of-alice');
  await machine.reboot();
  await eventually(isHers, "alice's worker runs again", 30_000);
  await on.transcribe('of-alice-again');
  await asAlice('stt', 'uninstall-service');
  assert.not.ok(await isHers());
  assert.not.ok(existsSync(installed.join('home/alice/.config/systemd/user/stt-worker.service')));
  lap('as a service of one user, with a reboot', startedAt);
});

services.run();
