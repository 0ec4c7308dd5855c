import { readdir } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { installOnSystemd } from './install-on-systemd.ts';
import { type FakeMachine, fakeMachine } from './testing/fake-machine.ts';
import { uninstallOnSystemd } from './uninstall-on-systemd.ts';

const uninstall = suite('uninstall-service on systemd');

const unitFile = '/etc/systemd/system/stt-worker.service';
const user = { uid: 1000, userName: 'ann', home: '/home/ann', configHome: '/home/ann/.config' };
const filesIn = async ({ folder }: FakeMachine, name: string): Promise<string[]> =>
  (await readdir(folder.join('root', name)).catch((): string[] => [])).toSorted((a, b) => (a < b ? -1 : 1));

uninstall('takes back all it made, and keeps settings and data', async () => {
  await using machine = await fakeMachine();
  await installOnSystemd(
    machine.worker({ isStarted: true, findEngine: () => Promise.resolve({ backend: 'vulkan', files: [] }) }),
  );
  const before = (await machine.changes()).length;
  const report = await uninstallOnSystemd(machine.worker());
  assert.equal(report.removed, [unitFile, `${unitFile}.d/gpu.conf`, '/etc/sysusers.d/stt-worker.conf']);
  assert.equal((await machine.changes()).slice(before), [
    'systemctl disable --now stt-worker.service',
    'systemctl daemon-reload',
    'systemctl reset-failed stt-worker.service',
  ]);
  assert.equal(await filesIn(machine, '/etc/systemd/system'), []);
  assert.equal(await filesIn(machine, '/etc/stt'), ['worker.env']);
  assert.is(machine.said.at(-1), 'Kept: /etc/stt/worker.env, /var/lib/stt, and the user stt-worker.');

  await machine.set('load', 'not-found');
  const again = await uninstallOnSystemd(machine.worker());
  assert.is(again.wasThere, false);
  assert.is(machine.said.at(-1), 'No service stt-worker of this machine is installed: nothing to do.');
});

uninstall('leaves drop-ins of others, and says so', async () => {
  await using machine = await fakeMachine();
  await installOnSystemd(machine.worker());
  await machine.write(`${unitFile}.d/override.conf`, '[Service]\nNice=19\n');
  await machine.write(`${unitFile}.d/gpu.conf`, '[Service]\nDevicePolicy=auto\n');
  await uninstallOnSystemd(machine.worker());
  assert.equal(await filesIn(machine, `${unitFile}.d`), ['gpu.conf', 'override.conf']);
  assert.match(machine.said.join('\n'), /Left there, since it is not ours: .*override\.conf/u);
});

uninstall('asks before it removes what somebody changed', async () => {
  await using machine = await fakeMachine();
  await installOnSystemd(machine.worker());
  await machine.write(unitFile, `${await machine.read(unitFile)}# mine\n`);
  const before = await machine.changes();
  await rejects(uninstallOnSystemd(machine.worker()), /is not removed, and nothing was changed/u);
  assert.match(machine.said.join('\n'), /was changed by hand\.[^]*\n-# mine/u);
  assert.equal(await machine.changes(), before);
  await uninstallOnSystemd(machine.worker({ isForced: true }));
  assert.equal(await filesIn(machine, '/etc/systemd/system'), []);
});

uninstall("stops a package's service, and leaves its unit", async () => {
  await using machine = await fakeMachine();
  await machine.write('/usr/lib/systemd/system/stt-server.service', '[Service]\n');
  await machine.write('/usr/lib/sysusers.d/stt-server.conf', '');
  assert.is((await uninstallOnSystemd(machine.server())).wasThere, false);
  assert.match(machine.said.at(-1) ?? '', /belongs to a package, and is not enabled/u);
  await installOnSystemd(machine.server({ library: '/srv/audio' }));
  assert.is((await machine.changes())[0], 'systemd-sysusers /usr/lib/sysusers.d/stt-server.conf');
  const report = await uninstallOnSystemd(machine.server());
  assert.equal(report.removed, ['/etc/systemd/system/stt-server.service.d/library.conf']);
  assert.ok((await machine.changes()).includes('systemctl disable --now stt-server.service'));
  assert.match(machine.said.join('\n'), /belongs to a package, and goes with it/u);
  assert.match(await machine.read('/usr/lib/systemd/system/stt-server.service'), /Service/u);
});

uninstall('takes lingering back where it was us who enabled it', async () => {
  await using machine = await fakeMachine({ host: user });
  await installOnSystemd(machine.worker());
  await uninstallOnSystemd(machine.worker());
  assert.is((await machine.changes()).at(-1), 'loginctl --no-ask-password disable-linger ann');

  await using lingering = await fakeMachine({ host: user, scripts: { loginctl: 'echo yes' } });
  await installOnSystemd(lingering.worker());
  await uninstallOnSystemd(lingering.worker());
  assert.not.match((await lingering.changes()).join('\n'), 'linger');
});

uninstall('leaves lingering to the other service of the user, which takes it back', async () => {
  for (const [first, second] of [
    ['worker', 'server'],
    ['server', 'worker'],
  ] as const) {
    await using machine = await fakeMachine({ host: user });
    await installOnSystemd(machine[first]());
    await installOnSystemd(machine[second]());
    const before = (await machine.changes()).length;
    const { steps = [] } = await uninstallOnSystemd(machine[first]({ isDryRun: true }));
    await uninstallOnSystemd(machine[first]());
    assert.not.match((await machine.changes()).slice(before).join('\n'), 'linger');
    const told = `Lingering of ann stays: stt-${second} needs it.`;
    assert.ok(machine.said.includes(told) && steps.includes(`# ${told}`), machine.said.join('\n'));
    // What was handed over is as if it had been there from the beginning.
    assert.equal((await installOnSystemd(machine[second]())).written, []);
    await uninstallOnSystemd(machine[second]());
    assert.is((await machine.changes()).at(-1), 'loginctl --no-ask-password disable-linger ann');
  }
});

uninstall('leaves lingering to a service that is not ours, and says how it is taken back', async () => {
  await using machine = await fakeMachine({ host: user });
  await installOnSystemd(machine.worker());
  const mine = '[Service]\nExecStart=/mine\n';
  await machine.write('/home/ann/.config/systemd/user/stt-server.service', mine);
  await uninstallOnSystemd(machine.worker());
  assert.is((await machine.changes()).filter((call) => call.includes('disable-linger')).length, 0);
  assert.match(machine.said.join('\n'), /stt-server needs it\. Later, by hand: loginctl disable-linger ann$/mu);
  assert.is(await machine.read('/home/ann/.config/systemd/user/stt-server.service'), mine);
});

uninstall("leaves lingering to a package's service that is enabled", async () => {
  const packageUnit = '/usr/lib/systemd/user/stt-server.service';
  for (const [enabled, isLeft] of [
    ['enabled', true],
    ['disabled', false],
  ] as const) {
    await using machine = await fakeMachine({ host: user });
    await installOnSystemd(machine.worker());
    await machine.write(packageUnit, '[Service]\nExecStart=/usr/bin/stt-server\n');
    await machine.set('enabled', enabled);
    await uninstallOnSystemd(machine.worker());
    assert.is((await machine.changes()).join('\n').includes('disable-linger'), !isLeft);
    const told = 'Lingering of ann stays: stt-server needs it. Later, by hand: loginctl disable-linger ann';
    assert.is(machine.said.includes(told), isLeft, machine.said.join('\n'));
    assert.is(await machine.read(packageUnit), '[Service]\nExecStart=/usr/bin/stt-server\n');
    assert.equal(await filesIn(machine, '/home/ann/.config/systemd/user'), []);
  }
});

uninstall('a unit that somebody changed stays changed when it is to remember more', async () => {
  await using machine = await fakeMachine({ host: user });
  await installOnSystemd(machine.worker());
  await installOnSystemd(machine.server());
  const file = '/home/ann/.config/systemd/user/stt-server.service';
  await machine.write(file, `${await machine.read(file)}# mine\n`);
  await uninstallOnSystemd(machine.worker());
  assert.match(await machine.read(file), /\n# uninstall-service takes back: lingering[^]*\n# mine\n$/u);
  await rejects(uninstallOnSystemd(machine.server()), /is not removed, and nothing was changed/u);
  await uninstallOnSystemd(machine.server({ isForced: true }));
  assert.is((await machine.changes()).at(-1), 'loginctl --no-ask-password disable-linger ann');
});

uninstall('needs root for that of the machine, and says where the other one is', async () => {
  await using machine = await fakeMachine();
  await installOnSystemd(machine.worker());
  const host = { ...machine.host, ...user };
  const error = await rejects(uninstallOnSystemd(machine.worker({ host, scope: 'system' })), /for root to change/u);
  assert.is(error['exitCode'], 77);
  assert.match(String(error['hint']), /^sudo .*stt\.js uninstall-service --system$/u);
  await machine.set('load', 'not-found');
  assert.is((await uninstallOnSystemd(machine.worker({ host }))).wasThere, false);
  assert.match(machine.said.at(-1) ?? '', /There is one of the machine: sudo stt uninstall-service --system$/u);
});

uninstall('a dry run tells, and does nothing', async () => {
  await using machine = await fakeMachine();
  await installOnSystemd(machine.worker());
  const before = await machine.changes();
  const { steps } = await uninstallOnSystemd(machine.worker({ isDryRun: true }));
  assert.equal(steps, [
    'systemctl disable --now stt-worker.service',
    `rm -f ${unitFile}`,
    'rm -f /etc/sysusers.d/stt-worker.conf',
    `rmdir --ignore-fail-on-non-empty ${unitFile}.d`,
    'systemctl daemon-reload',
    'systemctl reset-failed stt-worker.service',
  ]);
  assert.equal(await machine.changes(), before);
});

uninstall.run();
