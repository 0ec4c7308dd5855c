import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EffectiveSetting, effectiveSettings } from './effective-settings.ts';
import { isSecret, type SettingsTable } from './setting.ts';
import { workerSettings } from './worker-settings.ts';

const effective = suite('effectiveSettings');

const noChecks = {};
const named = (settings: readonly EffectiveSetting[], name: string): EffectiveSetting => {
  const found = settings.find((setting) => setting.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

effective('says where each setting comes from, and where else it stands', () => {
  const { settings, problems } = effectiveSettings(
    [
      { file: undefined, record: { STT_SLOTS: '3', NODE_NAME: '' } },
      { file: '/w/.env', record: { STT_SLOTS: '2', STT_MODEL: 'small', NODE_NAME: 'a' } },
      { file: '/c/worker.env', record: { STT_MODEL: 'base', VAD_ENABLED: 'Yes', GGML_VK_VISIBLE_DEVICES: '1' } },
    ],
    noChecks,
  );
  assert.equal(problems, []);
  assert.equal(named(settings, 'STT_SLOTS'), {
    name: 'STT_SLOTS',
    value: 3,
    text: '3',
    from: 'environment',
    alsoIn: ['/w/.env'],
  });
  const { value, from, alsoIn } = named(settings, 'STT_MODEL');
  assert.equal([value, from, alsoIn], ['small', '/w/.env', ['/c/worker.env']]);
  assert.is(named(settings, 'VAD_ENABLED').value, true);
  assert.is(named(settings, 'GGML_VK_VISIBLE_DEVICES').from, '/c/worker.env');
  // Set to nothing in the environment: so is the worker's view of it.
  assert.equal([named(settings, 'NODE_NAME').from, named(settings, 'NODE_NAME').value], ['default', null]);
  assert.is(named(settings, 'NODE_NAME').text, 'the host name');
  assert.is(named(settings, 'SERVER_URL').text, 'http://localhost:8000');
});

effective('shows no secret, whether it is right or wrong', () => {
  const table: SettingsTable = workerSettings;
  const secrets = Object.values(table).filter(isSecret);
  assert.ok(secrets.length >= 3);
  const record = Object.fromEntries(secrets.map(({ env }) => [env, 'hunter2']));
  for (const url of ['http://me:hunter2@h', 'me:hunter2@h:80', 'ftp://me:hunter2@h']) {
    const told = effectiveSettings([{ file: '/f', record: { ...record, SERVER_URL: url } }], noChecks);
    assert.not.match(JSON.stringify(told), 'hunter2');
    assert.equal([named(told.settings, 'PASSWORD').value, named(told.settings, 'PASSWORD').from], ['[hidden]', '/f']);
  }
});

effective('shows no password in an address, wherever it seems to end', () => {
  for (const password of ['1/hunter2', '1?hunter2', '1#hunter2', '1 hunter2', '1"hunter2', 'a@1/hunter2']) {
    const record = { SERVER_URL: `http://me:${password}@h`, STT_WHISPER_SOURCE_URL: `http://me:${password}@h/x` };
    assert.not.match(JSON.stringify(effectiveSettings([{ file: '/f', record }], noChecks)), 'hunter2');
  }
  const signed = effectiveSettings(
    [{ file: '/f', record: { STT_WHISPER_SOURCE_URL: 'https://h/a.tar.gz?sig=x' } }],
    noChecks,
  );
  assert.is(named(signed.settings, 'STT_WHISPER_SOURCE_URL').text, 'https://h/a.tar.gz?***');
});

effective('lists what is wrong, alone, together, and by the checks of others', () => {
  const record = { STT_SLOTS: 'many', AUTH_ENABLED: 'true', CRON: 'never' };
  const checks = {
    CRON: () => {
      throw new Error('CRON is wrong: not that.');
    },
  };
  const { settings, problems } = effectiveSettings([{ file: undefined, record }], checks);
  assert.equal(problems, [
    'STT_SLOTS is wrong: "many" is not a whole number',
    'CRON is wrong: not that',
    'AUTH_ENABLED is true, but USERNAME or PASSWORD is not set',
  ]);
  assert.equal([named(settings, 'STT_SLOTS').value, named(settings, 'STT_SLOTS').text], [null, '(wrong)']);
});

effective.run();
