import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { createLogger, dailyLogName } from './logger.ts';
import { packageFolder } from './package-folder.ts';
import { runChild } from './run-child.ts';

const log = suite('createLogger');

/** What a program that logs prints, in a process of its own. */
async function output(script: string): Promise<{ lines: string[]; text: string }> {
  const module = path.join(packageFolder, 'src', 'logger.ts');
  const end = await runChild({
    file: process.execPath,
    args: ['--input-type=module', '-e', `import { createLogger } from ${JSON.stringify(module)}; ${script}`],
    stdoutLimitBytes: 10_000,
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

log('names the file by the local date', () => {
  assert.is(dailyLogName(new Date(2026, 0, 5, 23, 59)), '2026-01-05.log');
});

log('keeps below its level quiet', async () => {
  const { text } = await output(`createLogger({ level: 'error' }).info('hello')`);
  assert.is(text, '');
});

log('refuses a directory that cannot be made, with a hint', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('file'), '');
  assert.throws(
    () => createLogger({ level: 'info', directory: folder.join('file', 'logs') }),
    (error: Error & { code?: string; exitCode?: number }) => error.code === 'STT_LOG_DIR' && error.exitCode === 78,
  );
});

log.run();
