import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SettingSource } from '../config/load-settings.ts';
import { carriedSettings, describeCarried, settingsFileOf } from './carried-settings.ts';
import { workerProgram } from './service-program.ts';
import { fakeMachine } from './testing/fake-machine.ts';

const carried = suite('carriedSettings');

const environment: SettingSource = { file: undefined, record: { SERVER_URL: ' ', STT_SLOTS: '2' } };
const ownFile: SettingSource = {
  file: '/tmp/anybody/.env',
  record: { SERVER_URL: 'http://evil', STT_SLOTS: '9' },
};

carried('the .env of a folder is for services of its user; what root starts has the environment alone', () => {
  const sources = [environment, ownFile];
  const names = ['SERVER_URL', 'STT_SLOTS', 'STT_MODEL'];
  assert.equal(carriedSettings('user', sources, names), { SERVER_URL: 'http://evil', STT_SLOTS: '2' });
  assert.equal(carriedSettings('system', sources, names), { STT_SLOTS: '2' });
});

carried('names what went into a file that is made, and no value', async () => {
  await using machine = await fakeMachine();
  const wishes = machine.worker({ firstSettings: { SERVER_URL: 'http://me:secret@box' } });
  const create = {
    do: 'create',
    file: '/etc/stt/worker.env',
    text: 'SERVER_URL=http://me:secret@box\n',
    mode: 0o600,
  } as const;
  assert.equal(describeCarried([create], wishes), ['Into /etc/stt/worker.env went what is set here: SERVER_URL']);
  assert.equal(describeCarried([], wishes), [], 'the file was there');
  assert.equal(describeCarried([create], machine.worker()), [], 'nothing is set');
});

carried('the settings of a service of the machine are in its file, of which only root can tell', async () => {
  await using machine = await fakeMachine();
  const { host } = machine;
  assert.is(settingsFileOf('system', host, '/own', workerProgram), '/etc/stt/worker.env');
  assert.is(settingsFileOf('system', { ...host, uid: 1000 }, '/own', workerProgram), '/own');
  assert.is(settingsFileOf('user', host, '/own', workerProgram), '/own');
});

carried.run();
