import { createHash } from 'node:crypto';
import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { rejects } from '../../test/support/rejects.ts';
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
    env: {
      STT_DATA_DIR: folder.join('data'),
      STT_ENV_FILE: folder.join('worker.env'),
      // Nobody listens there: what would be downloaded is seen to be asked for, and comes from nowhere.
      STT_MODEL_BASE_URL: 'http://127.0.0.1:1',
    },
    stdoutLimitBytes: 100_000,
    ...more,
  });

async function tinySource(folder: TemporaryFolder): Promise<string> {
  await makeTinyWhisper(folder.join('tiny'));
  return folder.join('tiny');
}

run('builds, compares, tries, sums up; and a second time does nothing', async () => {
  await using folder = await temporaryFolder();
  const args = ['--backend', 'cpu', '--source', await tinySource(folder), '--no-packages', '--no-model'];
  const end = await stt(folder, args);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(end.stdout, /^Engine +whisper\.cpp 9\.9\.9 \(.*not a pinned source\), cpu/mu);
  assert.match(end.stdout, /^Program +.*whisper\/whisper\.cpp\/build\/bin\/whisper-cli$/mu);
  assert.match(end.stdout, /A worker needs a model: "stt models download medium"/u);
  await access(folder.join('data/whisper/whisper.cpp/build/bin/whisper-cli'));

  const again = await stt(folder, args);
  assert.match(again.stdout, /^Everything is in place; nothing to do\.$/mu);
  await rejects(access(folder.join('worker.env')), /ENOENT/u);
});

run('says which model suits the machine, fetches it first, and says what to do where it cannot', async () => {
  await using folder = await temporaryFolder();
  const args = ['--backend', 'cpu', '--source', await tinySource(folder), '--no-packages'];
  const end = await stt(folder, args);
  assert.is(end.exitCode, 69, end.outputTail);
  assert.match(end.stdout, /^Model: \S+, \d+ MB; the best text/mu);
  assert.match(end.outputTail, /STT_MODEL_UNREACHABLE/u);
  await rejects(access(folder.join('data/engines')), /ENOENT/u);
});

run('takes a model of the user, and writes into the settings that the worker is to take it', async () => {
  await using folder = await temporaryFolder();
  const model = folder.join('mine.bin');
  await writeFile(model, 'a model of their own');
  const args = [
    '--backend',
    'cpu',
    '--source',
    await tinySource(folder),
    '--no-packages',
    '--no-compare',
    '--model',
    model,
  ];
  const end = await stt(folder, args);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(await readFile(folder.join('worker.env'), 'utf8'), `STT_MODEL=${model}`);
  const engine = JSON.parse(await readFile(folder.join('data/whisper/whisper.cpp/engine.json'), 'utf8')) as {
    proof: { model: { sha256: string } };
  };
  assert.is(engine.proof.model.sha256, createHash('sha256').update('a model of their own').digest('hex'));
});

run('detects, lists, switches and refuses, each with its exit code', async () => {
  await using folder = await temporaryFolder();
  const detected = JSON.parse((await stt(folder, ['--detect', '--json'])).stdout) as {
    machine: { cpu: { processors: number } };
    recommendation: { backend: string; reason: string };
  };
  assert.ok(detected.machine.cpu.processors > 0);
  assert.ok(detected.recommendation.reason.length > 0);
  assert.equal(JSON.parse((await stt(folder, ['--list', '--json'])).stdout), { engines: [] });
  const unknown = await stt(folder, ['--use', 'cuda']);
  assert.is(unknown.exitCode, 2);
  assert.match(unknown.outputTail, 'Build it with "stt setup --backend cuda"');
  const metal = await stt(folder, ['--backend', process.platform === 'darwin' ? 'vulkan' : 'metal', '--dry-run']);
  assert.is(metal.exitCode, 78);
  assert.match(metal.outputTail, /STT_BACKEND_WITHOUT_HARDWARE/u);
  assert.is((await stt(folder, ['--adopt', folder.join('nowhere')])).exitCode, 66);
});

run('with --json prints one document and nothing else', async () => {
  await using folder = await temporaryFolder();
  const args = [
    '--source',
    await tinySource(folder),
    '--backend',
    'cpu',
    '--model',
    'demo-digits',
    '--no-packages',
    '--json',
  ];
  const end = await stt(folder, args);
  const report = JSON.parse(end.stdout) as { isBuilt: boolean; model: { purpose: string } };
  assert.is(report.isBuilt, true);
  assert.match(report.model.purpose, 'for demo and tests only');

  const failed = await stt(folder, ['--backend', 'cpu', '--source', folder.join('nowhere'), '--no-model', '--json']);
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
  const source = await tinySource(folder);
  const define = `CMAKE_C_COMPILER_LAUNCHER=${launcher}`;
  return {
    args: [
      '--backend',
      'cpu',
      '--source',
      source,
      '--no-model',
      '--no-compare',
      '--no-packages',
      '--jobs',
      '1',
      '--cmake-define',
      define,
    ],
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
