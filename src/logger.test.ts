import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { createLogger } from './logger.ts';
import { packageFolder } from './package-folder.ts';
import { runChild } from './run-child.ts';

const log = suite('createLogger');

const loggerModule = path.join(packageFolder, 'src', 'logger.ts');

/** What a program that logs prints, in a process of its own. */
async function output(script: string): Promise<{ lines: string[]; text: string }> {
  const end = await runChild({
    file: process.execPath,
    args: ['--input-type=module', '-e', `import { createLogger } from ${JSON.stringify(loggerModule)}; ${script}`],
    stdoutLimitBytes: 10_000_000,
  });
  return { lines: end.stdout.trim().split('\n'), text: end.outputTail };
}

log('prints one JSON line a message, with what an attacker sent escaped', async () => {
  const { lines } = await output(`createLogger({ level: 'info' }).warn({ file: 'a\\n{"level":60}' }, 'skipped')`);
  assert.is(lines.length, 1);
  const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.is(line['msg'], 'skipped');
  assert.is(line['file'], 'a\n{"level":60}');
});

log('also writes the file of the day where a directory is given', async () => {
  await using folder = await temporaryFolder();
  const script = `createLogger({ level: 'info', directory: ${JSON.stringify(folder.join('logs'))} }).info('hello')`;
  const { lines } = await output(script);
  assert.match(lines[0] ?? '', '"hello"');
  const [name] = await readdir(folder.join('logs'));
  assert.match(name ?? '', /^\d{4}-\d\d-\d\d\.log$/u);
  assert.match(await readFile(folder.join('logs', name ?? ''), 'utf8'), '"hello"');
});

log('keeps below its level quiet', async () => {
  const { text } = await output(`createLogger({ level: 'error' }).info('hello')`);
  assert.is(text, '');
});

log('hides what looks like a secret', async () => {
  const { text } = await output(
    `createLogger({ level: 'info' }).info({ url: 'http://me:hunter2@host/x', headers: { authorization: 'Basic bWU6aHVudGVyMg==' } }, 'x')`,
  );
  assert.match(text, 'http://[hidden]@host/x');
  assert.not.match(text, /hunter2|bWU6/u);
});

if (process.platform === 'linux') {
  log('a full disk under standard output or the log directory neither ends nor stalls the program', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.join('logs'));
    const { dailyLogName } = await import('./daily-log-file.ts');
    for (const day of [0, 86_400_000]) {
      await symlink('/dev/full', folder.join('logs', dailyLogName(new Date(Date.now() + day))));
    }
    const logs = `const log = createLogger({ level: 'info', directory: ${JSON.stringify(folder.join('logs'))} });
      for (let n = 0; n < 5000; n += 1) log.info({ n }, 'hello');
      process.exitCode = 3;`;
    const script = folder.join('script.mjs');
    await writeFile(script, `import { createLogger } from ${JSON.stringify(loggerModule)}; ${logs}`);
    const runTo = async (file: string): Promise<string> => {
      const command = `"$0" "$1" >"$2" 2>"$3"`;
      const args = ['-c', command, process.execPath, script, file, folder.join('err')];
      const end = await runChild({ file: '/bin/sh', args, timeoutMs: 30_000 });
      assert.is(end.exitCode, 3, end.outputTail);
      return readFile(folder.join('err'), 'utf8');
    };
    const told = await runTo(folder.join('out'));
    assert.is((await readFile(folder.join('out'), 'utf8')).trim().split('\n').length, 5000, 'all is on the screen');
    assert.is(told.trim().split('\n').length, 1, 'it is told once, not for every line');
    assert.match(told, 'cannot write the log in');
    await runTo('/dev/full');
  });

  log(
    'readable lines with a priority go to the journal, JSON elsewhere, also where both have the environment',
    async () => {
      await using folder = await temporaryFolder();
      const [journal, other, logs] = [folder.join('journal'), folder.join('other'), folder.join('logs')];
      await writeFile(journal, '');
      const { dev, ino } = await stat(journal, { bigint: true });
      const script = `import { createLogger } from ${JSON.stringify(loggerModule)};
      const log = createLogger({ level: 'debug', journal: process.env.JOURNAL_STREAM, directory: ${JSON.stringify(logs)} });
      log.info({ url: 'http://me:hunter2@h' }, 'listening');
      log.error({ err: new Error('no\\n<0>yes') }, 'failed');`;
      await writeFile(folder.join('script.mjs'), script);
      for (const file of [journal, other]) {
        const args = ['-c', '"$0" "$1" >"$2"', process.execPath, folder.join('script.mjs'), file];
        const end = await runChild({ file: '/bin/sh', args, env: { JOURNAL_STREAM: `${dev}:${ino}` } });
        assert.is(end.exitCode, 0, end.outputTail);
      }
      const [first, second, ...more] = (await readFile(journal, 'utf8')).trimEnd().split('\n');
      assert.is(first, '<6>listening url="http://[hidden]@h"');
      assert.match(second ?? '', /^<3>failed error="Error: no/u);
      assert.equal(more, []);
      const [name = ''] = await readdir(logs);
      for (const file of [other, `${logs}/${name}`]) assert.match(await readFile(file, 'utf8'), '"msg":"listening"');
    },
  );

  log('a pipe that nobody reads does not stop the program', async () => {
    await using folder = await temporaryFolder();
    const script = `import { createLogger } from ${JSON.stringify(loggerModule)};
      const log = createLogger({ level: 'info' });
      for (let n = 0; n < 20_000; n += 1) log.info({ n, text: 'x'.repeat(100) }, 'hello');
      process.stderr.write('went on');`;
    const command = `mkfifo "$2" && exec 3<>"$2" && exec "$0" --input-type=module -e "$1" >&3`;
    const args = ['-c', command, process.execPath, script, folder.join('pipe')];
    const end = await runChild({ file: '/bin/sh', args, timeoutMs: 20_000 });
    assert.is(end.outputTail, 'went on');
    assert.is(end.exitCode, 0);
  });
}

log('refuses a directory that cannot be made, with a hint', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('file'), '');
  assert.throws(
    () => createLogger({ level: 'info', directory: folder.join('file', 'logs') }),
    (error: Error & { code?: string; exitCode?: number }) => error.code === 'STT_LOG_DIR' && error.exitCode === 78,
  );
});

log.run();
