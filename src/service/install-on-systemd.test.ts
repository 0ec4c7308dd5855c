import { mkdir, stat } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exitCodes } from '../exit-codes.ts';
import { installOnSystemd } from './install-on-systemd.ts';
import { type FakeMachine, fakeMachine } from './testing/fake-machine.ts';
import { refused } from './testing/refused.ts';

const install = suite('install-service on systemd');

const unitFile = '/etc/systemd/system/stt-worker.service';
const user = { uid: 1000, userName: 'ann', home: '/home/ann', configHome: '/home/ann/.config' };

const modeOf = async ({ folder }: FakeMachine, file: string): Promise<number> =>
  (await stat(folder.join('root', file))).mode & 0o777;

install('makes a user, settings, a unit, and starts it; done again it does nothing', async () => {
  await using machine = await fakeMachine();
  const wishes = machine.worker({ isStarted: true, firstSettings: { SERVER_URL: 'http://box:8000' } });
  const report = await installOnSystemd(wishes);
  assert.equal(report.written, ['/etc/systemd/system/stt-worker.service', '/etc/sysusers.d/stt-worker.conf']);
  assert.equal(await machine.changes(), [
    'systemd-sysusers /etc/sysusers.d/stt-worker.conf',
    'systemctl daemon-reload',
    'systemctl enable stt-worker.service',
    'systemctl reset-failed stt-worker.service',
    'systemctl start stt-worker.service',
  ]);
  const unit = await machine.read(unitFile);
  assert.match(unit, /^# Made by stt install-service, stt 1\.2\.3; sha256:/u);
  assert.match(unit, '\nExecStart=/usr/bin/node /usr/lib/node_modules/stt/bin/stt.js run\n');
  assert.match(unit, '\nProtectHome=yes\n');
  assert.is(await modeOf(machine, unitFile), 0o644);
  assert.match(await machine.read('/etc/stt/worker.env'), '\nSERVER_URL=http://box:8000\n');
  assert.ok(machine.said.includes('Into /etc/stt/worker.env went what is set here: SERVER_URL'));
  assert.is(await modeOf(machine, '/etc/stt/worker.env'), 0o600);
  assert.is(await modeOf(machine, '/var/lib/stt'), 0o755);
  assert.ok(
    machine.said.includes('stt-worker.service runs. What it does: stt service status'),
    machine.said.join('\n'),
  );

  const before = (await machine.changes()).length;
  await machine.write('/etc/stt/worker.env', 'SERVER_URL=http://mine\n', 0o600);
  const again = await installOnSystemd(wishes);
  assert.equal([again.written, again.isStarted], [[], false]);
  assert.is(machine.said.at(-1), 'stt-worker.service is as it should be; nothing to do.');
  assert.equal((await machine.changes()).slice(before), []);
  assert.is(await machine.read('/etc/stt/worker.env'), 'SERVER_URL=http://mine\n');
});

install('enables and starts what is there already, and only when asked', async () => {
  await using machine = await fakeMachine();
  await installOnSystemd(machine.worker());
  assert.is((await machine.changes()).at(-1), 'systemctl enable stt-worker.service');
  assert.match(machine.said.at(-1) ?? '', /^It starts with the machine; now: systemctl start stt-worker\.service$/u);
  const before = (await machine.changes()).length;
  await installOnSystemd(machine.worker({ isStarted: true }));
  await machine.set('enabled', 'disabled');
  await installOnSystemd(machine.worker());
  assert.equal((await machine.changes()).slice(before), [
    'systemctl reset-failed stt-worker.service',
    'systemctl start stt-worker.service',
    'systemctl enable stt-worker.service',
  ]);
});

install('renews an older unit without a question, says from where, and starts it anew', async () => {
  await using machine = await fakeMachine();
  const old = { ...machine.host, version: '1.0.0', script: '/old/place/bin/stt.js' };
  await machine.write('/old/place/bin/stt.js', '');
  await installOnSystemd(machine.worker({ host: old, isStarted: true }));
  await installOnSystemd(machine.worker());
  assert.ok(
    machine.said.includes(
      `Renewed: ${unitFile} (it was made by stt 1.0.0; it started /usr/bin/node /old/place/bin/stt.js run)`,
    ),
    machine.said.join('\n'),
  );
  assert.match(machine.said.at(-1) ?? '', /until it is started anew: stt service restart$/u);
  await installOnSystemd(machine.worker({ host: old, isStarted: true }));
  assert.is((await machine.changes()).at(-1), 'systemctl restart stt-worker.service');
});

install('shows what somebody changed, asks, and changes nothing without a yes', async () => {
  await using machine = await fakeMachine();
  await installOnSystemd(machine.worker());
  const edited = (await machine.read(unitFile)).replace('Nice=10', 'Nice=19');
  await machine.write(unitFile, edited);
  const newer = { ...machine.host, node: '/usr/bin/node-26' };
  await machine.write('/usr/bin/node-26', '', 0o755);
  const before = await machine.changes();
  const questions: string[] = [];
  for (const confirm of [undefined, (question: string) => Promise.resolve(questions.push(question) === 0)]) {
    const error = await refused(
      installOnSystemd(machine.worker({ host: newer, confirm })),
      /stt-worker\.service is not overwritten, and nothing was changed/u,
      'STT_UNIT_EDITED',
      exitCodes.usage,
    );
    assert.match(error.hint ?? '', /drop-in .* --force/u);
  }
  assert.equal(questions, [`Overwrite ${unitFile}?`]);
  assert.match(machine.said.join('\n'), /\n-Nice=19\n\+Nice=10\n/u);
  assert.match(machine.said.join('\n'), /\n-ExecStart=\/usr\/bin\/node .*\n\+ExecStart=\/usr\/bin\/node-26 /u);
  assert.equal([await machine.read(unitFile), await machine.changes()], [edited, before]);

  await installOnSystemd(machine.worker({ host: newer, confirm: () => Promise.resolve(true) }));
  assert.match(await machine.read(unitFile), '\nNice=10\n');
  await machine.write(unitFile, '[Service]\nExecStart=/mine\n');
  await installOnSystemd(machine.worker({ isForced: true }));
  assert.match(await machine.read(unitFile), '# Made by stt install-service');
});

install("does not hide a package's unit, and writes drop-ins only", async () => {
  await using machine = await fakeMachine();
  await installOnSystemd(machine.server());
  await machine.write('/usr/lib/systemd/system/stt-server.service', '[Service]\nExecStart=/usr/bin/stt-server\n');
  await machine.write('/usr/lib/sysusers.d/stt-server.conf', 'u stt-server -\n');
  await mkdir(machine.folder.join('root/data/audio'), { recursive: true });
  const report = await installOnSystemd(machine.server({ library: '/data/audio' }));
  assert.equal(report.written, ['/etc/systemd/system/stt-server.service.d/library.conf']);
  // An older one of ours would hide it.
  assert.equal(report.removed, ['/etc/systemd/system/stt-server.service']);
  assert.match(
    machine.said.join('\n'),
    /A package brought \/usr\/lib\/systemd\/system\/stt-server\.service: it stays in force/u,
  );
});

install(
  'the server: the library goes into its settings and a drop-in, and who may not write there is told how',
  async () => {
    await using machine = await fakeMachine({
      scripts: {
        id: 'case "$*" in *-gn*) echo staff ;; *) echo 990 ;; esac',
        runuser: 'case "$*" in *audio) exit 1 ;; esac',
      },
    });
    await mkdir(machine.folder.join('root/home/ann/my audio'), { recursive: true });
    const report = await installOnSystemd(machine.server({ library: '/home/ann/my audio' }));
    assert.match(await machine.read('/etc/stt/server.env'), "\nAUDIO_DIR='/home/ann/my audio'\n");
    const calls = await machine.changes();
    for (const call of ['chgrp stt-server /etc/stt/server.env', 'chmod 0640 /etc/stt/server.env'])
      assert.ok(calls.includes(call), call);
    const dropIn = await machine.read('/etc/systemd/system/stt-server.service.d/library.conf');
    assert.match(dropIn, '\nRequiresMountsFor="/home/ann/my audio"\n');
    assert.match(dropIn, '\nProtectHome=tmpfs\nBindPaths="-/home/ann/my audio"\n');
    assert.match(
      report.warnings[0] ?? '',
      "sudo setfacl -R -m u:stt-server:rwX,d:u:stt-server:rwX '/home/ann/my audio'",
    );
    assert.match(report.warnings[0] ?? '', "sudo chgrp -R stt-server '/home/ann/my audio'");

    const before = (await machine.changes()).length;
    await installOnSystemd(machine.server({ library: '/home/ann/my audio' }));
    assert.equal((await machine.changes()).slice(before), []);

    // As the one to whom they belong; and that stays so.
    await installOnSystemd(machine.server({ runAs: 'ann' }));
    const runAs = '/etc/systemd/system/stt-server.service.d/run-as.conf';
    assert.match(await machine.read(runAs), '[Service]\nUser=ann\nGroup=staff\nSupplementaryGroups=stt-server\n');
    const kept = await installOnSystemd(machine.server());
    assert.equal(kept.written, []);
    assert.match(kept.warnings[0] ?? '', /^ann may not write[^]*sudo chgrp -R staff /u);
    assert.equal((await installOnSystemd(machine.server({ runAs: 'stt-server' }))).removed, [runAs]);
  },
);

install('says what the service will not see, and that it has no library', async () => {
  await using machine = await fakeMachine();
  const { warnings } = await installOnSystemd(machine.server({ settingsElsewhere: 'It will not see PORT.' }));
  assert.equal(warnings, [
    'It will not see PORT.',
    '/etc/stt/server.env names no library: stt-server install-service --library DIR',
  ]);
  assert.ok(machine.said.includes('Warning: It will not see PORT.'));
});

install('says that a library is not there', async () => {
  await using machine = await fakeMachine();
  const { warnings } = await installOnSystemd(machine.server({ library: '/srv/audio' }));
  assert.equal(warnings, [
    'The library /srv/audio is not there: make it, or mount its disk, before the service starts.',
  ]);
});

install('gives a GPU to the worker whose engine is for one, and takes it back', async () => {
  await using machine = await fakeMachine();
  await machine.write('/etc/group', 'root:x:0:\nrender:x:104:\n');
  await machine.write('/usr/bin/nvidia-modprobe', '', 0o755);
  const dropIn = '/etc/systemd/system/stt-worker.service.d/gpu.conf';
  await installOnSystemd(machine.worker({ findEngine: () => Promise.resolve({ backend: 'cuda', files: [] }) }));
  const text = await machine.read(dropIn);
  assert.match(text, '\nSupplementaryGroups=render\n');
  assert.match(text, '\nExecStartPre=+-/usr/bin/nvidia-modprobe -c=0 -u\n');
  const vulkan = machine.worker({ findEngine: () => Promise.resolve({ backend: 'vulkan', files: [] }) });
  assert.equal((await installOnSystemd(vulkan)).written, [dropIn]);
  assert.not.match(await machine.read(dropIn), 'nvidia-modprobe -c');
  assert.equal((await installOnSystemd(machine.worker())).removed, [dropIn]);
});

install("a user's: in the user's folders, with lingering, which it remembers", async () => {
  await using machine = await fakeMachine({ host: user });
  const report = await installOnSystemd(machine.worker({ isStarted: true }));
  const file = '/home/ann/.config/systemd/user/stt-worker.service';
  assert.equal(report.written, [file]);
  assert.equal(await machine.changes(), [
    'loginctl --no-ask-password enable-linger ann',
    'systemctl --user daemon-reload',
    'systemctl --user enable stt-worker.service',
    'systemctl --user reset-failed stt-worker.service',
    'systemctl --user start stt-worker.service',
  ]);
  const unit = await machine.read(file);
  assert.match(unit, '\nEnvironment=STT_ENV_FILE=/home/ann/.config/stt/worker.env\n');
  assert.match(unit, '\n# uninstall-service takes back: lingering of this user\n');
  assert.is(await modeOf(machine, '/home/ann/.config/stt/worker.env'), 0o600);
  const usage = installOnSystemd(machine.worker({ runAs: 'bob' }));
  await refused(usage, /runs as that user/u, 'STT_USAGE', exitCodes.usage);
});

install("a user's unit lies where the user's manager looks for it", async () => {
  await using machine = await fakeMachine({ host: user });
  const around = (folder: string): string =>
    `${folder.replace('user', 'user.control')} /run/user/1000/systemd/transient /etc/xdg/systemd/user ${folder} /etc/systemd/user /run/systemd/user /home/ann/.local/share/systemd/user /usr/lib/systemd/user`;
  for (const [unitPath, folder] of [
    [around('/home/ann/.config/systemd/user'), '/home/ann/.config/systemd/user'],
    [around('/home/ann/cfg/systemd/user'), '/home/ann/cfg/systemd/user'],
    [around('"/home/ann/my cfg/systemd/user"'), '/home/ann/my cfg/systemd/user'],
    ['/run/systemd/user /usr/lib/systemd/user', '/home/ann/.config/systemd/user'],
  ] as const) {
    await machine.set('unitPath', unitPath);
    const { steps = [] } = await installOnSystemd(machine.worker({ isDryRun: true }));
    assert.match(steps.join('\n'), `# ${folder}/stt-worker.service (mode 0644) is written:`);
  }
});

install('says that nobody can tell whether services outlive the login', async () => {
  await using machine = await fakeMachine({ host: user, scripts: { loginctl: '' } });
  const report = await installOnSystemd(machine.worker());
  assert.match(
    report.warnings[0] ?? '',
    /^There is no loginctl here: whether .* while ann is not logged in cannot be told/u,
  );
  // Its own note says so.
  await machine.write('/var/lib/systemd/linger/ann', '');
  assert.equal((await installOnSystemd(machine.worker())).warnings, []);
});

install('goes on where lingering is refused, and says what that means', async () => {
  await using machine = await fakeMachine({ host: user, scripts: { loginctl: 'exit 1' } });
  const report = await installOnSystemd(machine.worker());
  assert.match(report.warnings[0] ?? '', /only while ann is logged in.*sudo loginctl enable-linger ann$/u);
  assert.not.match(await machine.read('/home/ann/.config/systemd/user/stt-worker.service'), 'takes back');
});

install('another library for a service that runs starts it anew', async () => {
  await using machine = await fakeMachine({ host: user });
  const server = (library: string) => {
    const { host } = machine.server();
    const userSettingsFile = '/home/ann/.config/stt/server.env';
    return installOnSystemd(machine.server({ host, userSettingsFile, library, isStarted: true }));
  };
  await mkdir(machine.folder.join('root/data/a'), { recursive: true });
  await mkdir(machine.folder.join('root/data/b'), { recursive: true });
  await server('/data/a');
  const before = (await machine.changes()).length;
  await server('/data/a');
  assert.equal((await machine.changes()).slice(before), []);
  const report = await server('/data/b');
  assert.equal([report.written, report.isStarted], [[], true]);
  assert.is((await machine.changes()).slice(before).at(-1), 'systemctl --user restart stt-server.service');
  assert.match(await machine.read('/home/ann/.config/stt/server.env'), '\nAUDIO_DIR=/data/b\n');
});

install.run();
