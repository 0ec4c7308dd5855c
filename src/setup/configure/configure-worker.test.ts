// deadline: 90 s
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseEnvText } from '../../config/env-file.ts';
import { packageFolder } from '../../package-folder.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { onTerminal, type Step, type TerminalEnd } from './testing/on-terminal.ts';

const configure = suite('configureWorker');

const script = `
  import { configureWorker } from ${JSON.stringify(`${packageFolder}/src/setup/configure/configure-worker.ts`)};
  import { openDialogue } from ${JSON.stringify(`${packageFolder}/src/setup/configure/open-dialogue.ts`)};
  import { workerEnvFile } from ${JSON.stringify(`${packageFolder}/src/config/load-settings.ts`)};
  const { signal } = new AbortController();
  try {
    using dialogue = openDialogue(signal);
    const { kind } = await configureWorker({ file: workerEnvFile(), dialogue, signal });
    console.log('ENDED: ' + kind);
  } catch (error) {
    console.log('ENDED: ' + error.code + ' ' + error.exitCode);
  }`;

const ask = (folder: TemporaryFolder, steps: Step[], env: Record<string, string> = {}): Promise<TerminalEnd> =>
  onTerminal(['--input-type=module', '-e', script], steps, {
    cwd: folder.path,
    env: { STT_ENV_FILE: folder.join('worker.env'), ...env },
  });

const written = async (folder: TemporaryFolder): Promise<Record<string, string>> => ({
  ...parseEnvText(await readFile(folder.join('worker.env'), 'utf8')),
});

const secret = `h'u"n # ter2`;
/** Nothing listens there. */
const nobody = 'http://127.0.0.1:9';

configure('asks, and writes what was answered; the password is never on the screen', async () => {
  await using folder = await temporaryFolder();
  const { screen } = await ask(folder, [
    { wait: 'Address of the server [http://localhost:8000]: ', send: 'server:8000\r' },
    { wait: 'SERVER_URL is wrong', send: '' },
    { wait: 'Address of the server [http://localhost:8000]: ', send: `${nobody}/\r` },
    { wait: 'Nothing answers there now (ECONNREFUSED)', send: '' },
    { wait: 'nothing, token, password [nothing]: ', send: 'x\r' },
    { wait: 'none of nothing, token, password', send: '' },
    { wait: 'nothing, token, password [nothing]: ', send: 'pass\r' },
    { wait: 'User name: ', send: '\r' },
    { wait: 'it is needed', send: '' },
    { wait: 'User name: ', send: 'alice\r' },
    { wait: 'Password (it is not shown): ', send: ' \r' },
    { wait: 'it is needed', send: '' },
    { wait: 'Password (it is not shown): ', send: `${secret}\r` },
    { wait: 'Name of this worker [', send: '' },
    { wait: ']: ', send: 'gaming-pc\r' },
    { wait: 'always, hours [always]: ', send: 'h\r' },
    { wait: '[0 22 * * *]: ', send: '61 * * * *\r' },
    { wait: '"61" for the minute', send: '' },
    { wait: '[0 22 * * *]: ', send: '\r' },
    { wait: 'For how many hours [8]: ', send: '6\r' },
  ]);
  assert.match(screen, 'ENDED: written');
  assert.not.match(screen, /h'u|ter2/u);
  assert.equal(await written(folder), {
    SERVER_URL: nobody + '/',
    AUTH_ENABLED: 'true',
    USERNAME: 'alice',
    PASSWORD: secret,
    NODE_NAME: 'gaming-pc',
    CRON: '0 22 * * *',
    PROCESSING_HOURS: '6',
  });
  assert.is((await stat(folder.join('worker.env'))).mode & 0o777, 0o600);
});

configure('Enter keeps what is set, secrets included, and writes nothing then', async () => {
  await using folder = await temporaryFolder();
  await using server = await listening();
  const text = `# mine\nSERVER_URL=${server.url}\nOTHER=1\nSTT_TOKEN=stays\nNODE_NAME=a\nCRON='0 1 * * *'\nPROCESSING_HOURS=2\n`;
  await writeFile(folder.join('worker.env'), text);
  await chmod(folder.join('worker.env'), 0o600);
  const steps = [
    { wait: `[${server.url}]: `, send: '\r' },
    { wait: 'Something listens there', send: '' },
    { wait: '[token]: ', send: '\r' },
    { wait: '[keep the one that is set] (it is not shown): ', send: '\r' },
    { wait: '[a]: ', send: '\r' },
    { wait: '[hours]: ', send: '\r' },
    { wait: '[0 1 * * *]: ', send: '\r' },
    { wait: '[2]: ', send: '\r' },
  ];
  const { screen } = await ask(folder, steps);
  assert.match(screen, 'ENDED: unchanged');
  assert.is(await readFile(folder.join('worker.env'), 'utf8'), text);

  const changed = await ask(folder, [
    ...steps.slice(0, 2),
    { wait: '[token]: ', send: 'n\r' },
    steps[4]!,
    { wait: '[hours]: ', send: 'a\r' },
  ]);
  assert.match(changed.screen, 'ENDED: written');
  assert.is(
    await readFile(folder.join('worker.env'), 'utf8'),
    `# mine\nSERVER_URL=${server.url}\nOTHER=1\nNODE_NAME=a\n`,
  );
});

configure('Ctrl-C and the end of the input write nothing, wherever they come', async () => {
  await using folder = await temporaryFolder();
  const toPassword = [
    { wait: '8000]: ', send: `${nobody}\r` },
    { wait: '[nothing]: ', send: 'password\r' },
    { wait: 'User name: ', send: 'alice\r' },
  ];
  for (const [key, ending] of [
    ['\x03', 'STT_INTERRUPTED 130'],
    ['\x04', 'STT_NO_ANSWER 66'],
  ] as const) {
    const first = await ask(folder, [{ wait: '8000]: ', send: key }]);
    assert.match(first.screen, `ENDED: ${ending}`);
    const later = await ask(folder, [...toPassword, { wait: 'not shown): ', send: key }]);
    assert.match(later.screen, `ENDED: ${ending}`);
    assert.equal([first.exitCode, later.exitCode], [0, 0]);
  }
  await assertMissing(folder.join('worker.env'));
});

configure('what is pasted ahead is neither shown nor taken; a secret of several lines is asked for again', async () => {
  await using folder = await temporaryFolder();
  const { screen } = await ask(folder, [
    { wait: '8000]: ', send: `${nobody}\rs3cret-ahead\rs3cret-half` },
    { wait: '[nothing]: ', send: 'token\r' },
    { wait: 'not shown): ', send: 's3cret-one\rs3cret-two' },
    { wait: 'more than one line', send: '' },
    { wait: 'not shown): ', send: 's3cret-token\r' },
    { wait: 'Name of this worker', send: '' },
    { wait: ']: ', send: '\r' },
    { wait: '[always]: ', send: '\r' },
  ]);
  assert.match(screen, 'ENDED: written');
  assert.not.match(screen, 's3cret');
  assert.equal(await written(folder), { SERVER_URL: nobody, STT_TOKEN: 's3cret-token' });
});

configure('shows no password of an address that is set, also of one that is wrong', async () => {
  await using folder = await temporaryFolder();
  for (const url of ['http://me:1/hunter2@h', 'http://me:1 hunter2@h', 'me:hunter2@h:80']) {
    await writeFile(folder.join('worker.env'), `SERVER_URL="${url}"\n`, { mode: 0o600 });
    const { screen } = await ask(folder, [{ wait: ']: ', send: '\x03' }]);
    assert.match(screen, /Address of the server \[.*\*\*\*@h/u);
    assert.not.match(screen, 'hunter2');
  }
});

configure('says before any question that the file cannot be read, and after them what goes before it', async () => {
  await using folder = await temporaryFolder();
  const unreadable = await ask(folder, [], { STT_ENV_FILE: folder.path });
  assert.match(unreadable.screen, 'ENDED: STT_ENV_FILE 78');
  assert.not.match(unreadable.screen, 'Address');
  const overruled = await ask(
    folder,
    [
      { wait: '8000]: ', send: `${nobody}\r` },
      { wait: '[nothing]: ', send: '\r' },
      { wait: '[from-here]: ', send: 'other\r' },
      { wait: '[always]: ', send: '\r' },
    ],
    { NODE_NAME: 'from-here' },
  );
  assert.match(overruled.screen, 'NODE_NAME is set in the environment as well');
});

async function assertMissing(file: string): Promise<void> {
  assert.is(await stat(file).catch(() => 'missing'), 'missing');
}

async function listening(): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

configure.run();
