// deadline: 600 s
/**
 * The RPM of the server, as an administrator meets it: built twice to the same bytes, installed by dnf in a booted systemd, configured,
 * started, given work by a real worker, upgraded under a lease, taken back a version, removed. Then the same in short with dnf5.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeLibrary } from '../../src/demo/samples.ts';
import { messageOf } from '../../src/app-error.ts';
import { packageFolder } from '../../src/package-folder.ts';
import { describeEnd, runChild } from '../../src/run-child.ts';
import { whyNoMachine } from '../support/booted-machine.ts';
import { checkDataFolder } from '../support/engine.ts';
import { wrongWords } from '../support/library.ts';
import { makeRoot, type MachineRoot } from '../support/machine-root.ts';
import { runTestWorker } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { buildServerRpm, makeRepositories } from './rpm-workshop.ts';
import {
  claim,
  configure,
  inMachine,
  isAnswered,
  mainProcess,
  makeScene,
  post,
  restarted,
  type Scene,
  short,
} from './server-scene.ts';

const rpm = suite('the RPM of the server');

const missing = whyNoMachine();

const startedAt = performance.now();
/** What took how long. */
const lap = (what: string): void => console.log(`${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${what}`);

/** Shared by all tests here, which follow each other. */
const shared = new AsyncDisposableStack();
const workshop = shared.use(await temporaryFolder());
rpm.after(() => shared.disposeAsync());

const first = 'stt-server-0.1.0-1.noarch.rpm';
const second = 'stt-server-0.2.0-1.noarch.rpm';
const sha256 = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

rpm('is built to the same bytes, whenever and by whomever', async () => {
  await mkdir(workshop.join('rpm'));
  await mkdir(workshop.join('again'));
  const elsewhere = {
    TZ: 'Asia/Tokyo',
    LC_ALL: 'C',
    HOME: workshop.path,
    XDG_CACHE_HOME: path.dirname(checkDataFolder),
  };
  const [built, again] = await Promise.all([
    buildServerRpm({ output: workshop.join('rpm'), version: '0.1.0' }),
    buildServerRpm({ output: workshop.join('again'), version: '0.1.0', env: elsewhere }),
  ]);
  lap('two builds');
  assert.equal(
    built.map((file) => path.basename(file)),
    [first, first.replace('noarch', 'src')],
  );
  // The source RPM quotes the folder that it was built in.
  assert.is(await sha256(built[0] ?? ''), await sha256(again[0] ?? ''));
});

rpm('has nothing that rpmlint would object to, beyond what is explained', async () => {
  const config = path.join(packageFolder, 'packaging', 'rpm', 'rpmlint.toml');
  const files = [first, first.replace('noarch', 'src')].map((name) => workshop.join('rpm', name));
  const end = await runChild({ file: 'rpmlint', args: ['-c', config, ...files], stdoutLimitBytes: 100_000 });
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(end.stdout, / 0 errors, 0 warnings/u);
  const needs = await runChild({ file: 'rpm', args: ['-qp', '--requires', files[1] ?? ''], stdoutLimitBytes: 10_000 });
  // Without it Fedora's build has no macro for the firewall, and says nothing.
  assert.match(needs.stdout, /^firewalld-filesystem$/mu);
});

if (missing !== undefined) {
  console.log(`skipped, ${missing}: the RPM in a booted machine`);
  rpm.skip('in a booted machine', () => {});
} else {
  let scene: Scene | undefined;
  let withNode: Promise<string[]> | undefined;
  let withDnf5: Promise<void> | undefined;
  const step = (name: string, run: (scene: Scene) => Promise<void>): void =>
    rpm(name, async () => {
      if (scene === undefined) throw new Error('there is no machine: see the first failure');
      await run(scene);
      lap(name);
    });

  rpm('a machine like Fedora, with its Node.js in two versions', async () => {
    await Promise.all([
      buildServerRpm({ output: workshop.join('rpm'), version: '0.2.0' }),
      makeRepositories(workshop.join('repositories')),
    ]);
    scene = shared.use(await makeScene(await makeRoot({ suite: 'trixie' }), 'dnf', workshop));
    lap('machine');
    // They take their time, and need nobody.
    withNode = buildServerRpm({ output: workshop.join('rpm'), version: '0.3.0', hasBundledNode: true });
    withNode.catch(() => {});
    withDnf5 = runWithDnf5();
    withDnf5.catch(() => {});
  });

  step('too old a Node.js: dnf says so and installs nothing', async ({ dnf, root }) => {
    const end = await dnf.run('old', 'install', `${inMachine}/${first}`);
    assert.is.not(end.exitCode, 0);
    assert.match(end.stdout + end.stderr, /nothing provides nodejs\(engine\) >= 24\.15 needed by stt-server/u);
    assert.not.ok(existsSync(root.join('usr/bin/stt-server')));
  });

  step('forced on too old a Node.js: the service stays down, and says why', async (scene) => {
    const { dnf, machine, property } = scene;
    assert.is((await dnf.run('old', 'install', 'nodejs22', 'systemd')).exitCode, 0);
    await machine.output(['rpm', '-i', '--nodeps', `${inMachine}/${first}`]);
    await configure(scene);
    assert.is.not((await machine.run(['systemctl', 'start', 'stt-server'])).exitCode, 0);
    assert.is(await property('ExecMainStatus'), '78');
    assert.is(await property('NRestarts'), '0');
    const journal = await machine.journal('-u', 'stt-server');
    const line = journal.find(({ message }) => message.includes('Node.js'));
    assert.is(line?.message, 'stt-server needs Node.js >= 24.15; /usr/bin/node is 22.22.3.');
    assert.is(line?.priority, 3);
    await machine.output(['rpm', '-e', 'stt-server']);
    await machine.output(['systemctl', 'reset-failed']);
  });

  step('installed: there, disabled, and nothing of it changed by itself', async ({ dnf, machine, property, root }) => {
    await dnf.change('install', `${inMachine}/${first}`);
    assert.is((await machine.run(['systemctl', 'is-enabled', 'stt-server'])).stdout.trim(), 'disabled');
    assert.is(await property('ActiveState'), 'inactive');
    assert.match(await machine.output(['id', 'stt-server']), /\(stt-server\)/u);
    assert.is(await machine.output(['stat', '--format=%a %U:%G', '/etc/stt/server.env']), '640 root:stt-server');
    assert.match(await machine.output(['stt-server', '--version']), /^stt\/0\.1\.0 .* node-v24/u);
    assert.is(await machine.output(['rpm', '-V', 'stt-server']), '');
    for (const folder of ['/var/lib/stt', '/var/lib/stt/server'])
      assert.is(await machine.output(['rpm', '-qf', '--queryformat=%{NAME}', folder]), 'stt-server', folder);
    const made = await machine.output(['stat', '--format=%a %U:%G', '/var/lib/stt', '/var/lib/stt/server']);
    assert.is(made, '755 root:root\n750 stt-server:stt-server');
    for (const file of [
      'man/man1/stt-server.1.gz',
      'man/man5/stt-server.env.5.gz',
      'bash-completion/completions/stt-server',
    ])
      assert.ok(existsSync(root.join('usr/share', file)), file);
  });

  step('started as it was installed: refused, and the status says what to set', async ({ machine, property }) => {
    assert.is.not((await machine.run(['systemctl', 'start', 'stt-server'])).exitCode, 0);
    assert.is(await property('ExecMainStatus'), '78');
    const { stdout } = await machine.run(['systemctl', 'status', '--no-pager', 'stt-server']);
    assert.match(stdout, /AUDIO_DIR/u);
  });

  step('configured, enabled and started: a worker brings a transcript', async (scene) => {
    const { machine, root, url } = scene;
    await configure(scene);
    // Before the first start, as root: the database that this makes is the service's all the same.
    const token = await machine.output(['stt-server', 'worker', 'add', 'laptop']);
    scene.headers['Authorization'] = `Bearer ${token}`;
    await machine.output(['systemctl', 'enable', '--now', 'stt-server']);
    assert.ok(await isAnswered(url));
    await using worker = await temporaryFolder();
    const end = await runTestWorker(worker.path, url, ['--until-empty'], { STT_TOKEN: token });
    assert.is(end.exitCode, 0, `${describeEnd(end)}\n${end.outputTail}`);
    const recording = root.join('srv/recordings', `${short.name}.mp3`);
    assert.is(await wrongWords(recording, short.spoken), 0);
    // What it wrote lies where it belongs, and it may be asked by root.
    assert.match(await machine.output(['stt-server', 'tasks', 'list']), /done/u);
    assert.is(await machine.output(['stat', '--format=%U', '/var/lib/stt/server/tasks.sqlite']), 'stt-server');
  });

  step('upgraded while a worker holds a lease: started anew, and the lease lives on', async (scene) => {
    const { dnf, machine, root } = scene;
    const settings = await readFile(root.join('etc/stt/server.env'), 'utf8');
    await rename(root.join('srv/recordings/digits-en-short.vtt'), root.join('srv/first.vtt'));
    const id = await claim(scene);
    const before = await mainProcess(scene);
    await dnf.change('upgrade', `${inMachine}/${second}`);
    await restarted(scene, before);
    assert.match(await machine.output(['stt-server', '--version']), /^stt\/0\.2\.0 /u);
    assert.is(await readFile(root.join('etc/stt/server.env'), 'utf8'), settings);
    assert.is(await post(scene, '/heartbeat', { id, phase: 'transcribe', progress: 0.5 }), 200);
    const vtt = await readFile(root.join('srv/first.vtt'), 'utf8');
    assert.is(await post(scene, '/result', { id, vtt }), 200);
    assert.is(await readFile(root.join('srv/recordings/digits-en-short.vtt'), 'utf8'), vtt);
    assert.is((await machine.output(['systemctl', 'is-enabled', 'stt-server'])).trim(), 'enabled');
  });

  step('taken back a version: works on with what is there', async (scene) => {
    const { dnf, machine } = scene;
    const before = await mainProcess(scene);
    await dnf.change('downgrade', `${inMachine}/${first}`);
    await restarted(scene, before);
    assert.match(await machine.output(['stt-server', 'tasks', 'list']), /done/u);
    // Settings are the administrator's; nothing else differs from what was installed.
    const { stdout } = await machine.run(['rpm', '-V', 'stt-server']);
    assert.match(stdout.trim(), /^\S+ +c \/etc\/stt\/server\.env$/u);
  });

  step(
    'a library where the service may not write: opened by install-service, beside the unit of the package',
    async (scene) => {
      const { machine, root } = scene;
      await makeLibrary(root.join('opt/talks'), [short]);
      await machine.output(['chown', '-R', 'stt-server:', '/opt/talks']);
      await machine.output(['stt-server', 'install-service', '--library', '/opt/talks', '--now', '--yes']);
      assert.not.ok(existsSync(root.join('etc/systemd/system/stt-server.service')));
      const id = await claim(scene);
      assert.is(await post(scene, '/result', { id, vtt: await readFile(root.join('srv/first.vtt'), 'utf8') }), 200);
      assert.ok(existsSync(root.join('opt/talks/digits-en-short.vtt')));
      assert.is(await machine.output(['systemctl', 'is-enabled', 'stt-server']), 'enabled');
    },
  );

  step('removed: stopped, and what is not ours is kept', async ({ dnf, machine, root, url }) => {
    await dnf.change('remove', 'stt-server');
    assert.not.ok(await isAnswered(url));
    assert.is((await machine.run(['systemctl', 'is-active', 'stt-server'])).stdout.trim(), 'inactive');
    assert.ok(existsSync(root.join('etc/stt/server.env.rpmsave')));
    assert.not.ok(existsSync(root.join('etc/stt/server.env')));
    assert.ok(existsSync(root.join('var/lib/stt/server/tasks.sqlite')));
    assert.not.ok(existsSync(root.join('usr/share/stt-server')));
  });

  step('with its own Node.js it needs none', async ({ dnf, machine }) => {
    const [built = ''] = (await withNode) ?? [];
    lap('built with Node.js');
    await dnf.change('remove', 'nodejs22', 'nodejs24');
    await machine.output(['rpm', '-i', '--nodeps', `${inMachine}/${path.basename(built)}`]);
    assert.match(await machine.output(['stt-server', '--version']), /^stt\/0\.3\.0 .* node-v24/u);
    assert.not.match(await machine.output(['rpm', '-q', '--requires', 'stt-server']), /nodejs/u);
    await machine.output(['rpm', '-e', 'stt-server']);
  });

  rpm('with dnf5 and a newer RPM: installed, started, upgraded, removed', async () => {
    if (withDnf5 === undefined) throw new Error('there is no machine: see the first failure');
    await withDnf5;
    lap('all');
  });
}

/** The same in short. */
async function runWithDnf5(): Promise<void> {
  const root = await makeForkyRoot();
  if (root === undefined) return;
  await using scene = await makeScene(root, 'dnf5', workshop);
  lap('second machine');
  const { machine, dnf, url } = scene;
  // A newer RPM builds other packages of the same source: there, RPM itself makes the user.
  await machine.output([
    'rpmbuild',
    '--rebuild',
    '--nodeps',
    '--define=_topdir /root/rpmbuild',
    `${inMachine}/${first.replace('noarch', 'src')}`,
  ]);
  const rebuilt = `/root/rpmbuild/RPMS/noarch/${first}`;
  assert.match(await machine.output(['rpm', '-qp', '--provides', rebuilt]), /^user\(stt-server\)/mu);
  lap('built anew');
  await dnf.change('install', rebuilt);
  await configure(scene);
  await machine.output(['systemctl', 'enable', '--now', 'stt-server']);
  const id = await claim(scene);
  const before = await mainProcess(scene);
  await dnf.change('upgrade', `${inMachine}/${second}`);
  await restarted(scene, before);
  assert.is(await post(scene, '/heartbeat', { id }), 200);
  await dnf.change('remove', 'stt-server');
  assert.not.ok(await isAnswered(url));
  assert.ok(existsSync(root.join('etc/stt/server.env.rpmsave')));
  lap('dnf5');
}

/** A suite of Debian that changes every day: where its packages cannot be had, that says nothing of us. */
async function makeForkyRoot(): Promise<MachineRoot | undefined> {
  try {
    return await makeRoot({ suite: 'forky', packages: ['libstdc++6', 'rpm', 'dnf5', 'curl'] });
  } catch (error) {
    console.log(`skipped, Debian's testing suite cannot be made: ${messageOf(error)}`);
    return undefined;
  }
}

rpm.run();
