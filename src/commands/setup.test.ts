import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { isRunning } from '../../test/support/processes.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { makeTinyWhisper } from '../../test/support/tiny-whisper.ts';
import { packageFolder } from '../package-folder.ts';
import { type ChildEnd, type ChildOptions, runChild } from '../run-child.ts';

const run = suite('stt setup');

const stt = (folder: TemporaryFolder, args: string[], more: Partial<ChildOptions> = {}): Promise<ChildEnd> =>
  runChild({
    file: process.execPath,
    args: [path.join(packageFolder, 'bin/stt.js'), 'setup', ...args],
    cwd: folder.path,
    env: { STT_DATA_DIR: folder.join('data') },
    stdoutLimitBytes: 100_000,
    ...more,
  });

async function tinySource(folder: TemporaryFolder): Promise<string> {
  await makeTinyWhisper(folder.join('tiny'));
  return folder.join('tiny');
}

run('builds, sums up, and says where a real model comes from', async () => {
  await using folder = await temporaryFolder();
  const end = await stt(folder, ['--source', await tinySource(folder), '--no-packages']);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(end.stdout, /^Engine +whisper\.cpp 9\.9\.9 \(.*not a pinned source\), cpu$/mu);
  assert.match(end.stdout, /^Program +.*whisper\/whisper\.cpp\/build\/bin\/whisper-cli$/mu);
  assert.match(end.stdout, /ggml-medium\.bin from https:\/\/huggingface\.co\/ggerganov\/whisper\.cpp/u);
  await access(folder.join('data/whisper/whisper.cpp/build/bin/whisper-cli'));

  const again = ['--source', folder.join('tiny'), '--no-packages'];
  await mkdir(folder.join('data/models'));
  await writeFile(folder.join('data/models/ggml-demo-digits.bin'), 'for demo and tests only');
  assert.match((await stt(folder, again)).stdout, /ggml-medium/u);
  await writeFile(folder.join('data/models/ggml-small.bin'), 'a real one');
  assert.not.match((await stt(folder, again)).stdout, /ggml-medium/u);
});

run('with --json prints one document and nothing else', async () => {
  await using folder = await temporaryFolder();
  const args = ['--source', await tinySource(folder), '--model', 'demo-digits', '--no-packages', '--json'];
  const end = await stt(folder, args);
  const report = JSON.parse(end.stdout) as { isBuilt: boolean; model: { purpose: string } };
  assert.is(report.isBuilt, true);
  assert.match(report.model.purpose, 'for demo and tests only');

  const failed = await stt(folder, ['--source', folder.join('nowhere'), '--json']);
  assert.is(failed.exitCode, 66);
  assert.is((JSON.parse(failed.stdout) as { error: { code: string } }).error.code, 'STT_SOURCE_UNREADABLE');
});

run('refuses wrong flags with exit code 2', async () => {
  await using folder = await temporaryFolder();
  for (const args of [
    ['--backend', 'quantum'],
    ['--model', 'huge'],
    ['--jobs', '0'],
    ['--yes', '--no-packages'],
    ['--cmake-define', 'NONSENSE', '--dry-run'],
  ]) {
    const end = await stt(folder, args);
    assert.is(end.exitCode, 2, args.join(' '));
  }
});

/** A compiler that tells its process id and then does not end, while there is no file `gate`. */
async function stuckCompiler(folder: TemporaryFolder): Promise<{ args: string[]; pid: () => Promise<number> }> {
  const file = folder.join('compiler-pid');
  const launcher = folder.join('launcher.sh');
  const stuck = `echo $$ > '${file}.new'; mv '${file}.new' '${file}'; exec sleep 60`;
  await writeFile(launcher, `#!/bin/sh\nif [ ! -e '${folder.join('gate')}' ]; then ${stuck}; fi\nexec "$@"\n`, {
    mode: 0o755,
  });
  const define = `CMAKE_C_COMPILER_LAUNCHER=${launcher}`;
  return {
    args: ['--source', await tinySource(folder), '--no-packages', '--jobs', '1', '--cmake-define', define],
    pid: async () =>
      Number(await eventually(() => readFile(file, 'utf8').catch(() => ''), 'a compiler is running', 60_000)),
  };
}

run('ends its children when it is stopped, and says how to go on', async () => {
  await using folder = await temporaryFolder();
  const compiler = await stuckCompiler(folder);
  const stopper = new AbortController();
  const ended = stt(folder, compiler.args, { signal: stopper.signal });
  const pid = await compiler.pid();
  assert.ok(isRunning(pid));
  stopper.abort();
  const end = await ended;
  assert.is(end.exitCode, 130, end.outputTail);
  assert.match(end.outputTail, 'it goes on where it stopped');
  await eventually(() => !isRunning(pid), 'the compiler is gone');
});

run('ends what a set-up that was killed has left running, and goes on', async () => {
  await using folder = await temporaryFolder();
  const compiler = await stuckCompiler(folder);
  let setupPid = 0;
  const killed = stt(folder, compiler.args, { onStart: (group) => (setupPid = group) });
  const pid = await compiler.pid();
  process.kill(setupPid, 'SIGKILL');
  await killed;
  assert.ok(isRunning(pid));
  await writeFile(folder.join('gate'), '');
  const end = await stt(folder, compiler.args);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.not.ok(isRunning(pid));
});

run.run();
