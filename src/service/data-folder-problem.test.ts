import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { installOnSystemd } from './install-on-systemd.ts';
import { fakeMachine } from './testing/fake-machine.ts';
import { refused } from './testing/refused.ts';

const problem = suite('dataFolderProblem');

problem('a settings file that names another data folder than the unit is not installed with', async () => {
  await using machine = await fakeMachine();
  await machine.write('/etc/stt/worker.env', 'STT_DATA_DIR=/data/stt\n', 0o600);
  const message = /worker\.env says STT_DATA_DIR=\/data\/stt, and the unit says \/var\/lib\/stt, which counts/u;
  await refused(installOnSystemd(machine.worker()), message, 'STT_SERVICE_DATA', 78);
  assert.equal(await machine.changes(), []);
  const { steps = [] } = await installOnSystemd(machine.worker({ isDryRun: true }));
  assert.match(steps.join('\n'), /^# In the way: .*STT_DATA_DIR/mu);
});

problem('the same folder, and one that a drop-in names, are fine', async () => {
  await using machine = await fakeMachine();
  await machine.write('/etc/stt/worker.env', 'STT_DATA_DIR=/var/lib/stt/\n', 0o600);
  await installOnSystemd(machine.worker());
  await machine.write('/etc/stt/worker.env', 'STT_DATA_DIR=/data/stt\n', 0o600);
  const folder = '/etc/systemd/system/stt-worker.service.d';
  await machine.write(`${folder}/10-first.conf`, '[Service]\nEnvironment=STT_DATA_DIR=/other\n');
  await machine.write(`${folder}/20-data.conf`, '[Service]\nEnvironment=A=1 "STT_DATA_DIR=/data/stt"\n');
  await installOnSystemd(machine.worker());
  await machine.write(`${folder}/30-last.conf`, '[Service]\nEnvironment=STT_DATA_DIR=/elsewhere\n');
  await refused(installOnSystemd(machine.worker()), /the unit says \/elsewhere/u, 'STT_SERVICE_DATA', 78);
});

problem('what systemd does not read does not count', async () => {
  await using machine = await fakeMachine();
  await machine.write('/etc/stt/worker.env', 'STT_DATA_DIR=/data/stt\n', 0o600);
  const folder = '/etc/systemd/system/stt-worker.service.d';
  const unread = ['20-data.conf~', '.20-data.conf.swp', '20-data.conf.bak', 'conf'];
  for (const name of unread)
    await machine.write(`${folder}/${name}`, '[Service]\nEnvironment=STT_DATA_DIR=/data/stt\n');
  await refused(installOnSystemd(machine.worker()), /the unit says \/var\/lib\/stt,/u, 'STT_SERVICE_DATA', 78);
  await machine.write(`${folder}/10-data.conf`, '[Service]\nEnvironment=STT_DATA_DIR=/data/stt\n');
  for (const name of unread) await machine.write(`${folder}/${name}`, '[Service]\nEnvironment=STT_DATA_DIR=/old\n');
  await installOnSystemd(machine.worker());
});

problem('an empty Environment= takes back what was said before it, and then the settings count', async () => {
  await using machine = await fakeMachine();
  await machine.write('/etc/stt/worker.env', 'STT_DATA_DIR=/data/stt\n', 0o600);
  const folder = '/etc/systemd/system/stt-worker.service.d';
  await machine.write(`${folder}/10-first.conf`, '[Service]\nEnvironment=STT_DATA_DIR=/other\n');
  await machine.write(`${folder}/20-reset.conf`, '[Service]\nEnvironment=\nEnvironment=A=1\n');
  await installOnSystemd(machine.worker());
  await machine.write(`${folder}/30-last.conf`, '[Service]\nEnvironment=STT_DATA_DIR=/elsewhere\n');
  await refused(installOnSystemd(machine.worker()), /the unit says \/elsewhere/u, 'STT_SERVICE_DATA', 78);
});

problem.run();
