import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
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
  const told = '["No settings of stt, and ignored: STT_SERVICE_HOST."]';
  assert.is(await loadIn(folder.path, env, 'm.serverWarnings()'), told);
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

load(
  'takes the data folder from STT_DATA_DIR, else that of the services for root, else from the platform',
  async () => {
    await using folder = await temporaryFolder();
    const call = 'm.dataFolder(m.loadWorkerSettings())';
    assert.is(await loadIn(folder.path, { STT_DATA_DIR: 'here' }, call), JSON.stringify(folder.join('here')));
    if (process.platform !== 'linux') return;
    const isRoot = process.getuid?.() === 0;
    const found = await loadIn(folder.path, { XDG_DATA_HOME: '/x/share' }, call);
    assert.is(found, isRoot ? '"/var/lib/stt"' : '"/x/share/stt"');
  },
);

load('reads the own file after .env, the worker and the server each the one that STT_ENV_FILE names', async () => {
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
  assert.is(await loadIn(folder.path, env, 'm.loadServerSettings().dataDir'), '"/own"');
});

load('finds the own files in the config folder, for root in /etc', async () => {
  await using folder = await temporaryFolder();
  const call = '[m.workerEnvFile(), m.serverEnvFile()]';
  const files = JSON.parse(await loadIn(folder.path, { XDG_CONFIG_HOME: '/x/config' }, call)) as string[];
  const isLinuxUser = process.platform === 'linux' && process.getuid?.() !== 0;
  if (isLinuxUser) assert.equal(files, ['/x/config/stt/worker.env', '/x/config/stt/server.env']);
  if (process.getuid?.() === 0) assert.equal(files, ['/etc/stt/worker.env', '/etc/stt/server.env']);
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
  await writeFile(folder.join('own.env'), `PASSWORD=" it's #1\\n"\nSTT_TOKEN=" t "\nUSERNAME='   '\n`, { mode: 0o600 });
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

load('warns of a file with secrets that others may read, and ignores those; and of one that is not there', async () => {
  await using folder = await temporaryFolder();
  const own = folder.join('own.env');
  const read = async (call: string): Promise<unknown> =>
    JSON.parse(await loadIn(folder.path, { STT_ENV_FILE: own }, call));
  const missing = `STT_ENV_FILE names ${own}, and there is no such file.`;
  assert.equal(await read('[m.settingsWarnings(), m.serverWarnings()]'), [[missing], [missing]]);
  const call = `[m.loadWorkerSettings()].map(({ password, token, serverUrl, nodeName }) =>
    [m.settingsWarnings(), password?.reveal(), token?.reveal(), serverUrl, nodeName])[0]`;
  const warning = (names: string): string[] => [
    `Others may read ${own}, so what is secret in it is ignored: ${names}. Close it: chmod 600 ${own}`,
  ];
  const url = 'http://localhost:8000';
  await writeFile(own, 'NODE_NAME=a\nPASSWORD=\n');
  await chmod(own, 0o640);
  assert.equal(await read(call), [[], null, null, url, 'a']);
  await writeFile(own, 'PASSWORD=hunter2\nSTT_TOKEN=t\nNODE_NAME=a\n');
  assert.equal(await read(call), [warning('PASSWORD, STT_TOKEN'), null, null, url, 'a']);
  // That of the working directory stays as it was.
  await writeFile(folder.join('.env'), 'PASSWORD=dotenv\n', { mode: 0o644 });
  assert.equal(await read(call), [warning('PASSWORD, STT_TOKEN'), 'dotenv', null, url, 'a']);
  await rm(folder.join('.env'));
  await chmod(own, 0o600);
  assert.equal(await read(call), [[], 'hunter2', 't', url, 'a']);
  await writeFile(own, 'SERVER_URL=http://me:1/hunter2@h:1/x\n');
  await chmod(own, 0o604);
  assert.equal(await read(call), [warning('SERVER_URL'), null, null, 'http://h:1/x', null]);
  await writeFile(own, 'SERVER_URL="me:hunter 2@h"\n');
  assert.not.match(await loadIn(folder.path, { STT_ENV_FILE: own }, call), 'hunter');
});

load('counts the own file as such where STT_ENV_FILE names the one of the working directory', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('.env'), 'PASSWORD=hunter2\nNODE_NAME=a\n', { mode: 0o644 });
  const call = '[m.loadWorkerSettings()].map(({ password, nodeName }) => [password ?? null, nodeName])[0]';
  assert.is(await loadIn(folder.path, { STT_ENV_FILE: '.env' }, call), '[null,"a"]');
});

load('reads the own file as systemd hands it over, and judges who may read the file itself', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('credentials'));
  const named = folder.join('worker.env');
  const handed = folder.join('credentials', 'worker.env');
  await writeFile(handed, 'PASSWORD=hunter2\nNODE_NAME=handed\n', { mode: 0o440 });
  const env = { STT_ENV_FILE: named, CREDENTIALS_DIRECTORY: folder.join('credentials') };
  const call = `[m.loadWorkerSettings()].map(({ password, nodeName }) =>
    [password?.reveal() ?? null, nodeName, m.settingsWarnings()])[0]`;
  const read = async (): Promise<unknown> => JSON.parse(await loadIn(folder.path, env, call));
  // Not to be seen by this user: root alone can read it.
  assert.equal(await read(), ['hunter2', 'handed', []]);
  await writeFile(named, 'NODE_NAME=named\n', { mode: 0o644 });
  const warning = `Others may read ${named}, so what is secret in it is ignored: PASSWORD. Close it: chmod 600 ${named}`;
  assert.equal(await read(), [null, 'handed', [warning]]);
  assert.is(await loadIn(folder.path, env, 'm.workerEnvFile()'), JSON.stringify(named));
  const sources = JSON.parse(
    await loadIn(folder.path, env, 'm.workerSources().map(({ file }) => file ?? null)'),
  ) as string[];
  assert.equal(sources, [null, folder.join('.env'), handed]);
  // One of another name is none of ours.
  await rm(handed);
  assert.equal(await read(), [null, 'named', []]);
  await writeFile(folder.join('credentials', 'server.env'), 'PORT=81\n');
  const server = { ...env, STT_ENV_FILE: '/etc/stt/server.env' };
  assert.is(await loadIn(folder.path, server, '[m.loadServerSettings().port, m.serverWarnings()]'), '[81,[]]');
});

load('takes a secret from a credential of its name: after the environment, before the files', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('credentials'));
  const own = folder.join('own.env');
  await writeFile(own, 'PASSWORD=file\nSTT_TOKEN=file\n', { mode: 0o600 });
  for (const [name, text] of [
    ['PASSWORD', ' p \n\n'],
    ['STT_TOKEN', 'token\r\n'],
    ['GOTIFY_KEY', ''],
    ['NODE_NAME', 'no secret'],
  ] as const) {
    await writeFile(folder.join('credentials', name), text);
  }
  const env = { STT_ENV_FILE: own, CREDENTIALS_DIRECTORY: folder.join('credentials') };
  const call = `[m.loadWorkerSettings()].map(({ password, token, gotifyKey, nodeName }) =>
    [password?.reveal(), token?.reveal(), gotifyKey ?? null, nodeName ?? null])[0]`;
  const read = async (more: Record<string, string>): Promise<unknown> =>
    JSON.parse(await loadIn(folder.path, { ...env, ...more }, call));
  // A password is exact, but for the line end of an editor.
  assert.equal(await read({}), [' p \n', 'token', null, null]);
  assert.equal(await read({ STT_TOKEN: 'environment' }), [' p \n', 'environment', null, null]);
  assert.equal(await read({ CREDENTIALS_DIRECTORY: folder.join('nowhere') }), ['file', 'file', null, null]);
  assert.equal(await read({ CREDENTIALS_DIRECTORY: '' }), ['file', 'file', null, null]);
});

load('names a credential that cannot be read', async () => {
  await using folder = await temporaryFolder();
  for (const name of ['STT_TOKEN', 'worker.env']) {
    await mkdir(folder.join(name, name), { recursive: true });
    const env = { STT_ENV_FILE: folder.join('worker.env'), CREDENTIALS_DIRECTORY: folder.join(name) };
    const told = await loadIn(folder.path, env, 'm.loadWorkerSettings()');
    assert.ok(
      told.startsWith(`STT_CREDENTIAL 78 The credential ${folder.join(name, name)} cannot be read: EISDIR`),
      told,
    );
  }
});

load.run();
