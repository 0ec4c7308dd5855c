/** What holds for every command, whatever it does: help, wrong flags, JSON, exit codes, and that nothing foreign is run. */
import { mkdir, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ChildEnd, runChild } from '../src/run-child.ts';
import { checkDataFolder } from './support/engine.ts';
import { serverProgram, workerProgram } from './support/programs.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const commandLine = suite('command line');

function stt(args: readonly string[], env: Record<string, string> = {}, program = workerProgram): Promise<ChildEnd> {
  return runChild({
    file: process.execPath,
    args: [program, ...args],
    env,
    timeoutMs: 30_000,
    stdoutLimitBytes: 100_000,
  });
}

commandLine('every command explains itself, with examples', async () => {
  const { exitCode, stdout } = await stt(['--help']);
  assert.is(exitCode, 0);
  for (const command of ['config', 'demo', 'doctor', 'models', 'run', 'serve', 'setup', 'stats']) {
    assert.match(stdout, new RegExp(`^ +${command} `, 'mu'));
    const help = await stt([...(command === 'models' ? ['models', 'list'] : [command]), '--help']);
    assert.is(help.exitCode, 0, help.outputTail);
    assert.match(help.stdout, 'EXAMPLES');
  }
  assert.match((await stt(['--help'], {}, serverProgram)).stdout, 'EXAMPLES');
});

commandLine('a wrong flag or command ends with 2 and says which', async () => {
  const flag = await stt(['demo', '--bogus']);
  assert.is(flag.exitCode, 2);
  assert.match(flag.outputTail, '--bogus');
  assert.is((await stt(['bogus'])).exitCode, 2);
  const server = await stt(['--bogus'], {}, serverProgram);
  assert.is(server.exitCode, 2);
  assert.match(server.outputTail, '--bogus');
});

commandLine('with --json a wrong flag gives one document with a code, and nothing of our insides', async () => {
  const { exitCode, stdout } = await stt(['setup', '--json', '--bogus']);
  assert.is(exitCode, 2);
  assert.equal(Object.keys(JSON.parse(stdout) as object), ['error']);
  assert.is((JSON.parse(stdout) as { error: { code: string } }).error.code, 'STT_USAGE');
});

commandLine('with --json a wrong setting gives one document with a code', async () => {
  const { exitCode, stdout } = await stt(['setup', '--json', '--dry-run'], { STT_SLOTS: 'many' });
  assert.is(exitCode, 78);
  assert.is((JSON.parse(stdout) as { error: { code: string } }).error.code, 'STT_SETTINGS');
});

commandLine('never runs what lies in the data folder', async () => {
  await using folder = await temporaryFolder();
  const evil = folder.join('node_modules', 'evil');
  await mkdir(evil, { recursive: true });
  const plugins = [{ name: 'evil', type: 'user', root: evil }];
  await writeFile(folder.join('package.json'), JSON.stringify({ name: 'x', oclif: { plugins } }));
  const manifest = { name: 'evil', version: '1.0.0', main: 'hook.js', oclif: { hooks: { init: './hook.js' } } };
  await writeFile(`${evil}/package.json`, JSON.stringify(manifest));
  await writeFile(`${evil}/hook.js`, `module.exports = () => console.log('EVIL RAN');`);
  for (const env of [{ STT_DATA_DIR: folder.path }, { XDG_DATA_HOME: folder.path }]) {
    assert.not.match((await stt(['setup', '--dry-run'], env)).outputTail, 'EVIL');
  }
});

commandLine('the demo says when there is no place for its files', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('file'), '');
  const end = await stt(['demo', '--yes'], { STT_DATA_DIR: checkDataFolder, TMPDIR: folder.join('file') });
  assert.is(end.exitCode, 74, end.outputTail);
  assert.match(end.outputTail, 'TMPDIR');
});

commandLine.run();
