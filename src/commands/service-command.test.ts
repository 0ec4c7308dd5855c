import { readFile, stat, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { packageFolder } from '../package-folder.ts';
import { type ChildEnd, runChild } from '../run-child.ts';

const service = suite('a command under systemd');

/** A `systemd-notify` that notes what it is told, and the journal as a file. */
async function underSystemd(
  folder: TemporaryFolder,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ end: ChildEnd; told: string[]; journal: string[] }> {
  const journal = folder.join('journal');
  await writeFile(journal, '');
  await writeFile(folder.join('systemd-notify'), `#!/bin/sh\nprintf '%s|' "$@" >> '${folder.join('told')}'\n`, {
    mode: 0o755,
  });
  const { dev, ino } = await stat(journal, { bigint: true });
  const end = await runChild({
    file: '/bin/sh',
    args: ['-c', 'out=$1; shift; exec "$@" >"$out" 2>&1', 'sh', journal, process.execPath, ...args],
    cwd: folder.path,
    env: {
      PATH: `${folder.path}:${process.env['PATH']}`,
      JOURNAL_STREAM: `${dev}:${ino}`,
      NOTIFY_SOCKET: folder.join('socket'),
      STT_ENV_FILE: folder.join('own.env'),
      STT_DATA_DIR: folder.join('data'),
      ...env,
    },
    timeoutMs: 60_000,
  });
  const told = (await readFile(folder.join('told'), 'utf8').catch(() => '')).split('|').filter(Boolean);
  return { end, told, journal: (await readFile(journal, 'utf8')).trimEnd().split('\n') };
}

const stt = `${packageFolder}/bin/stt.js`;
const sttServer = `${packageFolder}/bin/stt-server.js`;

service('says in its status why it could not start, and in the journal with the priority of an error', async () => {
  await using folder = await temporaryFolder();
  const { end, told, journal } = await underSystemd(folder, [stt, 'run'], { STT_SLOTS: 'many', STT_THREADS: '0' });
  assert.is(end.exitCode, 78);
  const [status = ''] = told;
  assert.match(
    status,
    /^STATUS=Settings are wrong: STT_THREADS is wrong: 0 is not between \S+ and \S+; STT_SLOTS is wrong: .*number\. Mend them in/u,
  );
  assert.equal(told.length, 1);
  assert.is(journal[0], '<3>stt: Settings are wrong:');
  assert.is(journal[2], '<3>  STT_SLOTS is wrong: "many" is not a whole number');
  assert.is(journal.at(-1), '<3>  [STT_SETTINGS]');
  for (const line of journal) assert.match(line, /^<3>/u);
});

service('says so of the server as well: a library that is missing, and a wrong flag', async () => {
  await using folder = await temporaryFolder();
  const missing = await underSystemd(folder, [sttServer, '--library', folder.join('nowhere')]);
  assert.is(missing.end.exitCode, 66);
  assert.match(
    missing.told.join('|'),
    /STATUS=The library .*nowhere cannot be read: ENOENT.* Make the directory, mount its disk/u,
  );
  const wrong = await underSystemd(folder, [sttServer, '--libary', '/srv']);
  assert.is(wrong.end.exitCode, 2);
  assert.match(wrong.told.at(-1) ?? '', /^STATUS=Nonexistent flag: --libary/u);
  assert.match(missing.journal[0] ?? '', /^<4>STT_ENV_FILE names .*own\.env, and there is no such file\.$/u);
  for (const line of [...missing.journal.slice(1), ...wrong.journal]) assert.match(line, /^<3>/u);
});

service('elsewhere an error looks as ever', async () => {
  await using folder = await temporaryFolder();
  const { journal } = await underSystemd(folder, [stt, 'run'], { STT_SLOTS: 'many', JOURNAL_STREAM: '1:2' });
  assert.is(journal[0], 'stt: STT_SLOTS is wrong: "many" is not a whole number.');
});

service('the log of a worker names what systemd could not be told, and the work goes on', async () => {
  await using folder = await temporaryFolder();
  const args = [stt, 'run', '--retry-failed'];
  // Nobody listens there.
  const { end, journal } = await underSystemd(folder, args, { WATCHDOG_USEC: 'soon' });
  assert.is(end.exitCode, 0, journal.join('\n'));
  assert.match(journal.join('\n'), /WATCHDOG_USEC is "soon", no number/u);
});

service.run();
