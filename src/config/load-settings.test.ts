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

load('reads the file of the worker after .env, and the server does not read it', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('.env'), 'NODE_NAME=dotenv\nSTT_DATA_DIR=\n');
  await writeFile(folder.join('own.env'), 'NODE_NAME=own\nSTT_MODEL=small\nSTT_SLOTS=2\nSTT_DATA_DIR=/own\n');
  const env = { STT_ENV_FILE: 'own.env', STT_SLOTS: '3' };
  const result = JSON.parse(await loadIn(folder.path, env, 'm.loadWorkerSettings()')) as Record<string, unknown>;
  assert.equal([result['nodeName'], result['model'], result['slots']], ['dotenv', 'small', 3]);
  // Set to nothing is a choice, too.
  assert.not('dataDir' in result);
  await writeFile(folder.join('.env'), '');
  assert.is(await loadIn(folder.path, env, 'm.loadWorkerSettings().dataDir'), '"/own"');
  assert.is(await loadIn(folder.path, env, 'm.loadServerSettings().dataDir ?? null'), 'null');
});

load('finds the file of the worker in the config folder, for root in /etc', async () => {
  await using folder = await temporaryFolder();
  const file = await loadIn(folder.path, { XDG_CONFIG_HOME: '/x/config' }, 'm.workerEnvFile()');
  const isLinuxUser = process.platform === 'linux' && process.getuid?.() !== 0;
  if (isLinuxUser) assert.is(file, '"/x/config/stt/worker.env"');
  if (process.getuid?.() === 0) assert.is(file, '"/etc/stt/worker.env"');
  assert.match(await loadIn(folder.path, { STT_ENV_FILE: '~/own.env' }, 'm.workerEnvFile()'), /^STT_SETTINGS 78/u);
});

load('tells a typo in the file of the worker, and a file that cannot be read', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('own.env'), 'STT_SLOT=2\nSTT_ENV_FILE=x\nGGML_VK_SLOTS=1\nOTHER=1\n');
  const env = { STT_ENV_FILE: folder.join('own.env') };
  const result = await loadIn(folder.path, env, 'm.loadWorkerSettings()');
  assert.is(result, 'STT_SETTINGS 78 STT_SLOT is not a setting; did you mean STT_SLOTS?');
  assert.is(
    await loadIn(folder.path, env, 'm.settingsWarnings()[0]'),
    '"No settings of stt, and ignored: STT_ENV_FILE."',
  );
  const wrong = await loadIn(folder.path, { STT_ENV_FILE: folder.path }, 'm.loadWorkerSettings()');
  assert.match(wrong, /^STT_ENV_FILE 78 The settings file .* cannot be read/u);
});

load('gives the engine what GGML_ names are set, from wherever, and leaves out empty ones', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('own.env'), 'GGML_VK_VISIBLE_DEVICES=1\nGGML_CUDA_A=own\nSTT_FLASH_ATTENTION=off\n');
  await writeFile(folder.join('.env'), 'GGML_CUDA_A=dotenv\nGGML_B=\nggml_c=1\n');
  const env = { STT_ENV_FILE: 'own.env', GGML_D: '1' };
  const call =
    '(({ flashAttention, engineEnvironment }) => ({ flashAttention, engineEnvironment }))(m.loadWorkerSettings())';
  assert.equal(JSON.parse(await loadIn(folder.path, env, call)), {
    flashAttention: false,
    engineEnvironment: { GGML_VK_VISIBLE_DEVICES: '1', GGML_CUDA_A: 'dotenv', GGML_D: '1' },
  });
});

load('leaves a password as it is, and trims what nobody writes with blanks around it', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('own.env'), `PASSWORD=" it's #1\\n"\nSTT_TOKEN=" t "\nUSERNAME='   '\n`);
  const call =
    '[m.loadWorkerSettings().password.reveal(), m.loadWorkerSettings().token.reveal(), m.loadWorkerSettings().username ?? null]';
  const env = { STT_ENV_FILE: 'own.env' };
  assert.equal(JSON.parse(await loadIn(folder.path, env, call)), [` it's #1\n`, 't', null]);
});

load('takes USERNAME from a file where the environment only has the login name there', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('alice.env'), 'USERNAME=alice\nPASSWORD=x\n');
  const call = `[{}, { STT_ENV_FILE: 'alice.env' }, { USER: 'other' }, { USER: 'me', PASSWORD: 'y' }]
    .map((more) => Object.assign(process.env, more) && m.loadWorkerSettings().username)`;
  const login = { STT_ENV_FILE: 'none.env', USERNAME: 'me', USER: 'me' };
  assert.equal(JSON.parse(await loadIn(folder.path, login, call)), ['me', 'alice', 'me', 'me']);
});

load('warns of a file with secrets that others may read, and of one that is not there', async () => {
  await using folder = await temporaryFolder();
  const warnings = async (): Promise<string[]> =>
    JSON.parse(await loadIn(folder.path, { STT_ENV_FILE: folder.join('own.env') }, 'm.settingsWarnings()')) as string[];
  assert.match((await warnings())[0] ?? '', /^STT_ENV_FILE names .*own\.env, and there is no such file\.$/u);
  await writeFile(folder.join('own.env'), 'NODE_NAME=a\nPASSWORD=\n');
  await chmod(folder.join('own.env'), 0o640);
  assert.equal(await warnings(), []);
  for (const [text, name] of [
    ['PASSWORD=hunter2\n', 'PASSWORD'],
    ['SERVER_URL=http://me:hunter2@h\n', 'SERVER_URL'],
    ['SERVER_URL="http://me:1/hunter2@h"\n', 'SERVER_URL'],
    ['SERVER_URL="me:hunter 2@h"\n', 'SERVER_URL'],
  ] as const) {
    await writeFile(folder.join('own.env'), text);
    await chmod(folder.join('own.env'), 0o640);
    const [warning = ''] = await warnings();
    assert.match(
      warning,
      new RegExp(`^Others may read .*own\\.env, and ${name} stands in it\\. Close it: chmod 600 /.*own\\.env$`, 'u'),
    );
    assert.not.match(warning, 'hunter2');
    await chmod(folder.join('own.env'), 0o600);
    assert.equal(await warnings(), []);
  }
});

load.run();
