import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../app-error.ts';
import { installOnSystemd } from './install-on-systemd.ts';
import { fakeMachine } from './testing/fake-machine.ts';

const install = suite('install-service --dry-run on systemd');

const unitFile = '/etc/systemd/system/stt-worker.service';
const user = { uid: 1000, userName: 'ann', home: '/home/ann', configHome: '/home/ann/.config' };

install('a dry run tells all of it, also what is in the way, and does nothing', async () => {
  await using machine = await fakeMachine({ host: user });
  await machine.write(unitFile, '[Service]\nExecStart=/mine\n');
  const { steps = [] } = await installOnSystemd(machine.worker({ scope: 'system', isDryRun: true, isStarted: true }));
  const text = steps.join('\n');
  assert.match(text, /^# In the way: A service of the machine is for root to change\.\n# {3}sudo /u);
  assert.match(text, /was not made by install-service: asks before it is overwritten\.[^]*\n# {3}-ExecStart=\/mine\n/u);
  assert.match(text, /\n {4}ExecStart=\/usr\/bin\/node .* run\n/u);
  for (const line of [
    'systemd-sysusers /etc/sysusers.d/stt-worker.conf',
    'mkdir -p -m 0755 /var/lib/stt',
    'systemctl daemon-reload',
    'systemctl start stt-worker.service',
  ]) {
    assert.ok(steps.includes(line), line);
  }
  assert.is(await machine.read(unitFile), '[Service]\nExecStart=/mine\n');
  assert.equal(await machine.changes(), []);
  assert.is(await stat(path.join(machine.host.root, 'etc/stt')).catch(() => 'missing'), 'missing');
});

install('a dry run says what it would warn of, also of a user that it would make', async () => {
  await using machine = await fakeMachine();
  const settingsElsewhere = 'It will not see PORT.';
  const none = await installOnSystemd(machine.server({ isDryRun: true, settingsElsewhere }));
  const noLibrary = '/etc/stt/server.env names no library: stt-server install-service --library DIR';
  assert.equal(none.warnings, [settingsElsewhere, noLibrary]);
  for (const warning of none.warnings) assert.ok(none.steps?.includes(`# Warning: ${warning}`), warning);
  await mkdir(machine.folder.join('root/data/audio'), { recursive: true });
  const closed = await installOnSystemd(machine.server({ isDryRun: true, library: '/data/audio' }));
  assert.match(closed.warnings[0] ?? '', /^stt-server may not write into the library \/data\/audio/u);
  assert.match(closed.steps?.join('\n') ?? '', /^# Warning: stt-server may not[^\n]*\n# {5}sudo setfacl /mu);
  assert.equal(await machine.changes(), []);
});

install('a dry run warns of all that is in the way, and of lingering as it is done', async () => {
  await using machine = await fakeMachine({ host: user });
  await machine.write('/etc/stt/worker.env', 'STT_DATA_DIR=/data/stt\n', 0o600);
  const findEngine = () => Promise.reject(new AppError('There is no engine.', { code: 'STT_X', exitCode: 78 }));
  const dry = await installOnSystemd(machine.worker({ scope: 'system', isDryRun: true, findEngine }));
  assert.equal(dry.warnings, [
    'A service of the machine is for root to change.',
    '/etc/stt/worker.env says STT_DATA_DIR=/data/stt, and the unit says /var/lib/stt, which counts.',
    'There is no engine.',
  ]);
  for (const warning of dry.warnings) assert.match(dry.steps?.join('\n') ?? '', `# In the way: ${warning}\n`);

  await using quiet = await fakeMachine({ host: user, scripts: { loginctl: '' } });
  const told = await installOnSystemd(quiet.worker({ isDryRun: true }));
  assert.match(told.warnings.join('\n'), /^There is no loginctl here: /u);
  assert.ok(told.steps?.includes(`# Warning: ${told.warnings[0] ?? ''}`), told.steps?.join('\n'));
  assert.equal((await installOnSystemd(quiet.worker())).warnings, told.warnings);
});

install.run();
