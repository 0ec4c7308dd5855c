import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { workerProgram } from '../../../test/support/programs.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { runChild } from '../../run-child.ts';
import { settingsElsewhere, userDetails } from './install-command.ts';

const details = suite('details of install-service');

const names = ['SERVER_URL', 'NODE_NAME', 'USERNAME', 'PASSWORD', 'STT_DATA_DIR'];
const carried = ['SERVER_URL'];

details('names what a service will not see, and no value of it', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('worker.env');
  const of = (record: Record<string, string>): string | undefined =>
    settingsElsewhere(
      file,
      [
        { file: undefined, record },
        { file, record: {} },
      ],
      { names, carried },
    );
  // These are written into the file that is made.
  assert.is(
    of({ SERVER_URL: 'http://a', STT_DATA_DIR: '/d', USERNAME: 'login', NODE_NAME: ' ', PATH: '/bin' }),
    undefined,
  );
  const told = of({ USERNAME: 'ann', PASSWORD: 'hunter2', NODE_NAME: 'box' }) ?? '';
  assert.match(told, `in .env here: NODE_NAME, USERNAME, PASSWORD. Its own settings stand in ${file}.`);
  assert.not.match(told, 'hunter2');
  await writeFile(file, 'NODE_NAME=box\nSERVER_URL=http://b\n', { mode: 0o600 });
  assert.is(of({ NODE_NAME: 'box' }), undefined);
  assert.match(of({ SERVER_URL: 'http://a' }) ?? '', 'here: SERVER_URL.');
});

details("a user's service is told where the data is, unless its settings say so", async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('worker.env');
  const sources = [{ file: undefined, record: { STT_DATA_DIR: folder.join('data') } }];
  assert.equal(userDetails(file, sources).userEnvironment, { STT_ENV_FILE: file, STT_DATA_DIR: folder.join('data') });
  await writeFile(file, 'STT_DATA_DIR=/other\n', { mode: 0o600 });
  assert.equal(userDetails(file, sources).userEnvironment, { STT_ENV_FILE: file });
});

details('a dry run shows what it would write without what is secret in it, as JSON too', async () => {
  await using folder = await temporaryFolder();
  const env = { SERVER_URL: 'http://box:8000/?key=hunter2', STT_DATA_DIR: folder.path, HOME: folder.path };
  // Somebody wrote this one, and its lines are lines of their own in what is shown.
  const units = folder.join('.config/systemd/user');
  await mkdir(units, { recursive: true });
  await writeFile(path.join(units, 'stt-worker.service'), '[Service]\nEnvironment=STT_TOKEN=\\\n  hunter2\nNice=7\n');
  for (const more of [[], ['--json']]) {
    const { stdout, exitCode, outputTail } = await runChild({
      file: process.execPath,
      args: [workerProgram, 'install-service', '--user', '--dry-run', ...more],
      cwd: folder.path,
      env: { ...env, STT_ENV_FILE: folder.join('own.env') },
      stdoutLimitBytes: 100_000,
    });
    // root has no service of its own, and is told what there would be.
    assert.is(exitCode, 0, outputTail);
    assert.match(stdout, /SERVER_URL='?http:\/\/box:8000\/\?\*\*\*/u);
    assert.match(stdout, /-Environment=STT_TOKEN=\[hidden\][^]*-Nice=7/u);
    assert.not.match(stdout + outputTail, 'hunter2');
  }
});

details.run();
