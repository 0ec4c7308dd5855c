import { readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../src/package-folder.ts';
import { runChild } from '../../src/run-child.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';

const run = suite('stt-server');

type Options = { onUrl?: (url: string, stop: AbortController) => void; env?: Record<string, string> };

async function sttServer(folder: TemporaryFolder, args: string[], { onUrl, env = {} }: Options = {}) {
  const stop = new AbortController();
  return runChild({
    file: process.execPath,
    args: [`${packageFolder}/bin/stt-server.js`, ...args],
    cwd: folder.path,
    env: { STT_DATA_DIR: folder.join('data'), STT_ENV_FILE: '/dev/null', STT_SETTLE_SECONDS: '0', ...env },
    signal: stop.signal,
    timeoutMs: 60_000,
    stdoutLimitBytes: 100_000,
    onLine(line) {
      const url = line.includes('"msg":"listening"') ? /"url":"([^"]+)"/u.exec(line)?.[1] : undefined;
      if (url !== undefined) onUrl?.(url, stop);
    },
  });
}

run('says where it listens, serves, and ends in order when it is told to', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('a.mp3'), 'audio');
  let task = '';
  const args = ['--library', folder.path, '--port', '0', '--default-language', 'de', '--log-dir', folder.join('logs')];
  const end = await sttServer(folder, args, {
    onUrl(url, stop) {
      void fetch(`${url}/task`).then(async (response) => {
        task = `${response.headers.get('x-language')} ${await response.text()}`;
        stop.abort();
      });
    },
  });
  assert.is(task, 'de audio');
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(end.stdout, '"msg":"stopped"');
  assert.equal((await readdir(folder.join('data', 'server'))).toSorted(), ['tasks.sqlite', 'tasks.sqlite.lock']);
  assert.is((await readdir(folder.join('logs'))).length, 1);
});

run('ends with 66 and a hint when the library is missing', async () => {
  await using folder = await temporaryFolder();
  const end = await sttServer(folder, ['--library', folder.join('nowhere')]);
  assert.is(end.exitCode, 66);
  assert.match(end.outputTail, /nowhere cannot be read: ENOENT[\s\S]*--library DIR[\s\S]*\[STT_LIBRARY_MISSING\]/u);
});

run('ends with 69 and a hint when the port is in use', async () => {
  await using folder = await temporaryFolder();
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  const { port } = other.address() as AddressInfo;
  const end = await sttServer(folder, ['--library', folder.path, '--port', String(port)]);
  other.close();
  assert.is(end.exitCode, 69);
  assert.match(end.outputTail, `Port ${port} on 127.0.0.1 is in use`);
  assert.match(end.outputTail, 'choose another port: --port');
});

run('ends with 78 when a setting is wrong or no library is set', async () => {
  await using folder = await temporaryFolder();
  const wrong = await sttServer(folder, ['--library', folder.path, '--port', 'eighty'], {
    env: { STT_SCAN_SECONDS: 'x' },
  });
  assert.is(wrong.exitCode, 78);
  assert.match(wrong.outputTail, /PORT is wrong[\s\S]*STT_SCAN_SECONDS is wrong/u);
  const unset = await sttServer(folder, []);
  assert.is(unset.exitCode, 78);
  assert.match(unset.outputTail, 'AUDIO_DIR');
});

run('takes settings from .env, and says so when DB_FILE belongs to another program', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('processed.txt'), 'talk.mp3\n');
  await writeFile(folder.join('.env'), `AUDIO_DIR=${folder.path}\nPORT=0\nDB_FILE=${folder.join('processed.txt')}\n`);
  const end = await sttServer(folder, [], { onUrl: (_, stop) => stop.abort() });
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(end.stdout, 'processed.txt.stt.sqlite');
  assert.match(end.stdout, 'belongs to another program');
});

run('explains itself', async () => {
  await using folder = await temporaryFolder();
  const end = await sttServer(folder, ['--help']);
  assert.is(end.exitCode, 0);
  for (const flag of ['--library', '--host', '--port', '--database', '--log-dir', '--default-language', 'EXAMPLES']) {
    assert.match(end.stdout, flag);
  }
});

run.run();
