import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findUnknownSettings, knownNames } from './unknown-settings.ts';

const unknown = suite('findUnknownSettings');

const inFile = (...envFile: string[]) => findUnknownSettings({ environment: [], envFile });
const around = (...environment: string[]) => findUnknownSettings({ environment, envFile: [] });

unknown('names what was probably meant, in .env and for STT_ in the environment', () => {
  assert.equal(inFile('AUDIO_DIRR', 'SERVER_ULR').problems, [
    'AUDIO_DIRR is not a setting; did you mean AUDIO_DIR?',
    'SERVER_ULR is not a setting; did you mean SERVER_URL?',
  ]);
  assert.equal(around('STT_ATUH').problems, ['STT_ATUH is not a setting; did you mean STT_AUTH?']);
  assert.equal(inFile('audio_dir').problems, ['audio_dir is not a setting; did you mean AUDIO_DIR?']);
  assert.equal(inFile('STT_AUDIO_DIR').problems, ['STT_AUDIO_DIR is not a setting; did you mean AUDIO_DIR?']);
  assert.equal(around('STT_SLOT', 'STT_LEASE_SECOND').problems, [
    'STT_SLOT is not a setting; did you mean STT_SLOTS?',
    'STT_LEASE_SECOND is not a setting; did you mean STT_LEASE_SECONDS?',
  ]);
});

unknown('names a typo once that stands in both places', () => {
  const both = findUnknownSettings({ environment: ['STT_SLOT'], envFile: ['STT_SLOT'] });
  assert.is(both.problems.length, 1);
});

unknown('leaves alone what other programs keep in .env and in the environment', () => {
  const nothing = { problems: [], strange: [] };
  assert.equal(inFile('POSTGRES_PASSWORD', 'DB_HOST', 'DB_NAME', 'DEBUG', 'PATH', 'NODE_ENV', 'LOG_LEVEL'), nothing);
  assert.equal(around('AUDIO_DIRR', 'HOSTS', 'PASSWORDS', 'stt_slot'), nothing);
});

unknown('what Kubernetes injects for a service called stt is told, not refused', () => {
  const injected = [
    'STT_SERVICE_HOST',
    'STT_SERVICE_PORT',
    'STT_SERVICE_PORT_HTTP',
    'STT_PORT',
    'STT_PORT_8000_TCP',
    'STT_PORT_8000_TCP_ADDR',
    'STT_PORT_8000_TCP_PORT',
    'STT_PORT_8000_TCP_PROTO',
    'STT_SERVER_SERVICE_HOST',
  ];
  assert.equal(around(...injected), { problems: [], strange: injected });
});

unknown('takes every name of both programs, and those of the ancestor that come later', () => {
  assert.equal(inFile(...knownNames), { problems: [], strange: [] });
  assert.equal(around(...knownNames), { problems: [], strange: [] });
  for (const name of ['AUDIO_DIR', 'SERVER_URL', 'CRON', 'STT_DATA_DIR']) assert.ok(knownNames.includes(name), name);
});

unknown.run();
