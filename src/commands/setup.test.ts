import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { isRunning } from '../../test/support/processes.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { makeTinyWhisper } from '../../test/support/tiny-whisper.ts';
import { packageFolder } from '../package-folder.ts';
import { type ChildEnd, runChild } from '../run-child.ts';

const run = suite('stt setup');

const stt = (folder: TemporaryFolder, args: string[], signal?: AbortSignal): Promise<ChildEnd> =>
  runChild({
    file: process.execPath,
    args: [path.join(packageFolder, 'bin/stt.js'), 'setup', ...args],
    cwd: folder.path,
    env: { STT_DATA_DIR: folder.join('data') },
    stdoutLimitBytes: 100_000,
    ...(signal === undefined ? {} : { signal }),
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

run('ends its children when it is stopped, and says how to go on', async () => {
  await using folder = await temporaryFolder();
  const compilerPid = folder.join('compiler-pid');
  await writeFile(
    folder.join('launcher.sh'),
    `#!/bin/sh\necho $$ > '${compilerPid}.new'; mv '${compilerPid}.new' '${compilerPid}'; exec sleep 60\n`,
    { mode: 0o755 },
  );
  const stopper = new AbortController();
  const source = await tinySource(folder);
  const define = `CMAKE_C_COMPILER_LAUNCHER=${folder.join('launcher.sh')}`;
  const ended = stt(folder, ['--source', source, '--no-packages', '--cmake-define', define], stopper.signal);
  const pid = Number(
    await eventually(() => readFile(compilerPid, 'utf8').catch(() => ''), 'a compiler is running', 60_000),
  );
  assert.ok(isRunning(pid));
  stopper.abort();
  const end = await ended;
  assert.is(end.exitCode, 130, end.outputTail);
  assert.match(end.outputTail, 'it goes on where it stopped');
  await eventually(() => !isRunning(pid), 'the compiler is gone');
});

run.run();
