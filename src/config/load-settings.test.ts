import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { packageFolder } from '../package-folder.ts';
import { runChild } from '../run-child.ts';

const load = suite('loadSettings');

/** The loader reads the process's own environment and working directory, so it is tried in a process of its own. */
async function loadIn(folder: string, env: Record<string, string>, call: string): Promise<string> {
  const module = path.join(packageFolder, 'src', 'config', 'load-settings.ts');
  const script = `import * as m from ${JSON.stringify(module)};
    try { console.log(JSON.stringify(${call})); } catch (error) { console.log(error.code + ' ' + error.exitCode + ' ' + error.message); }`;
  const end = await runChild({
    file: process.execPath,
    args: ['--input-type=module', '-e', script],
    cwd: folder,
    env,
    stdoutLimitBytes: 10_000,
  });
  return end.stdout.trim() || end.outputTail;
}

load('puts the command line before the environment, and the environment before .env', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('.env'), 'NODE_NAME="from file"\nSTT_MODEL=small\nSTT_SLOTS=2\n');
  const result = JSON.parse(
    await loadIn(
      folder.path,
      { STT_MODEL: 'base', STT_SLOTS: '3' },
      `m.loadWorkerSettings({ STT_SLOTS: '4', SERVER_URL: undefined })`,
    ),
  ) as Record<string, unknown>;
  assert.is(result['nodeName'], 'from file');
  assert.is(result['model'], 'base');
  assert.is(result['slots'], 4);
});

load('asks for name and password where AUTH_ENABLED is true', async () => {
  await using folder = await temporaryFolder();
  const result = await loadIn(folder.path, { AUTH_ENABLED: 'true', USERNAME: 'alice' }, 'm.loadWorkerSettings()');
  assert.match(result, /^STT_SETTINGS 78 AUTH_ENABLED is true, but USERNAME or PASSWORD is not set/u);
});

load('asks for GOTIFY_URL and GOTIFY_KEY together', async () => {
  await using folder = await temporaryFolder();
  const load = (env: Record<string, string>): Promise<string> => loadIn(folder.path, env, 'm.loadWorkerSettings()');
  const both = { GOTIFY_URL: 'https://gotify.example/', GOTIFY_KEY: 'Abc' };
  for (const one of [{ GOTIFY_URL: both.GOTIFY_URL }, { GOTIFY_KEY: both.GOTIFY_KEY }]) {
    assert.match(await load(one), /^STT_SETTINGS 78 GOTIFY_URL and GOTIFY_KEY belong together/u);
  }
  const settings = JSON.parse(await load(both)) as Record<string, unknown>;
  assert.is(settings['gotifyUrl'], 'https://gotify.example');
  assert.is(settings['gotifyKey'], '[hidden]');
});

load('tells a typo in .env or in the environment together with everything else that is wrong', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('.env'), 'AUDIO_DIRR=/srv\nPOSTGRES_USER=other\nSTT_SLOT=\n');
  const result = await loadIn(
    folder.path,
    { PORT: 'eighty', STT_ORDERS: 'newest', STT_TLS_KEY: '/k', STT_SERVICE_HOST: '10.0.0.1' },
    'm.loadServerSettings()',
  );
  assert.match(result, /^STT_SETTINGS 78/u);
  for (const problem of [
    'PORT is wrong: "eighty"',
    'AUDIO_DIRR is not a setting; did you mean AUDIO_DIR?',
    'STT_ORDERS is not a setting; did you mean STT_ORDER?',
    'STT_TLS_CERT and STT_TLS_KEY belong together',
  ]) {
    assert.match(result, problem);
  }
  assert.not.match(result, /POSTGRES|STT_SLOT|STT_SERVICE_HOST/u);
});

load('tells names that begin as ours and are close to none', async () => {
  await using folder = await temporaryFolder();
  const env = { STT_SERVICE_HOST: '10.0.0.1', STT_SLOTS: '2', STT_EMPTY: '', OTHER: 'x' };
  assert.is(
    await loadIn(folder.path, env, 'm.strangeSettings()'),
    '"No settings of stt, and ignored: STT_SERVICE_HOST."',
  );
});

load('says which settings file cannot be read', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('.env'));
  await chmod(folder.join('.env'), 0o700);
  assert.match(
    await loadIn(folder.path, {}, 'm.loadServerSettings()'),
    /^STT_ENV_FILE 78 The settings file .*\.env cannot be read/u,
  );
});

load('takes the data folder from STT_DATA_DIR, else from the platform', async () => {
  await using folder = await temporaryFolder();
  const call = 'm.dataFolder(m.loadWorkerSettings())';
  assert.is(await loadIn(folder.path, { STT_DATA_DIR: 'here' }, call), JSON.stringify(folder.join('here')));
  if (process.platform === 'linux') {
    assert.is(await loadIn(folder.path, { XDG_DATA_HOME: '/x/share' }, call), '"/x/share/stt"');
  }
});

load.run();
