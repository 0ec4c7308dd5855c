// deadline: 240 s
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type RunningProgram, startProgram, workerProgram } from '../../test/support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { packageFolder } from '../package-folder.ts';
import { type ChildEnd, runChild } from '../run-child.ts';
import type { WorkerStatus } from '../worker/control/worker-status.ts';

const run = suite('stt status, pause, resume, drain');

const isRoot = process.getuid?.() === 0;
const nobody = 65_534;

const stt = (folder: TemporaryFolder, ...args: string[]): Promise<ChildEnd> =>
  runChild({
    file: process.execPath,
    args: [workerProgram, ...args],
    cwd: folder.path,
    env: { STT_DATA_DIR: folder.join('data') },
    stdoutLimitBytes: 1_000_000,
    timeoutMs: 60_000,
  });

/** It is ready when this resolves. */
async function startWorker(folder: TemporaryFolder, ...args: string[]): Promise<RunningProgram> {
  const file = path.join(packageFolder, 'src/worker/control/testing/controlled-worker.ts');
  const worker = startProgram({ args: [file, folder.join('data'), ...args], cwd: folder.path });
  await worker.seen(/"ready"/u);
  return worker;
}

const pauseFile = (folder: TemporaryFolder): string => folder.join('data', 'worker', 'pause.json');
const readPause = (folder: TemporaryFolder): Promise<string> => readFile(pauseFile(folder), 'utf8').catch(() => 'none');

async function statusOf(folder: TemporaryFolder): Promise<WorkerStatus> {
  const [status] = JSON.parse((await stt(folder, 'status', '--json')).stdout) as WorkerStatus[];
  if (status === undefined) throw new Error('no worker runs');
  return status;
}

run('shows every worker that runs, to people and to scripts', async () => {
  await using folder = await temporaryFolder();
  await using first = await startWorker(folder);
  const shown = await stt(folder, 'status');
  assert.is(shown.exitCode, 0, shown.outputTail);
  assert.match(shown.stdout, new RegExp(`^Worker tester \\(pid ${first.pid()}, version 1\\.2\\.3\\), since 20`, 'mu'));
  assert.match(shown.stdout, /^ {2}State +working$/mu);
  assert.match(shown.stdout, /^ {2}Slot 1 +transcribing 01234567, 25 %, 4\.0 x real time, 1:05 left$/mu);
  assert.match(shown.stdout, /^ {2}Outbox +2 waiting to be delivered$/mu);
  assert.not.ok(shown.stdout.includes('\u001B'));
  await using second = await startWorker(folder, '0', 'broken');
  const both = await stt(folder, 'status', '--json');
  assert.is(both.exitCode, 75, 'one of them is broken');
  const statuses = JSON.parse(both.stdout) as WorkerStatus[];
  assert.equal(new Set(statuses.map(({ pid }) => pid)), new Set([first.pid(), second.pid()]));
  assert.match((await stt(folder, 'status')).stdout, /^ {2}State +BROKEN, it takes no tasks: the engine crashed/mu);
});

run('says that no worker runs, and what lies there for the next one', async () => {
  await using folder = await temporaryFolder();
  const none = await stt(folder, 'status');
  assert.is(none.exitCode, 69);
  assert.match(none.stdout, /^No worker is running with the data folder .*data\.$/mu);
  assert.is((await stt(folder, 'status', '--json')).stdout.trim(), '[]');
  const outbox = folder.join('data', 'worker', 'outbox');
  await mkdir(path.join(outbox, 'refused'), { recursive: true });
  const letter = (number: number): string => `00000000000000${number}-0a0b0c0d.host_1-2-3.json`;
  for (const name of [letter(1), letter(2), '.0a0b.stt-tmp', 'notes.json'])
    await writeFile(path.join(outbox, name), '');
  await writeFile(path.join(outbox, 'refused', letter(3)), '');
  const paused = await stt(folder, 'pause', '--for', '1d');
  assert.is(paused.exitCode, 0, paused.outputTail);
  assert.match(
    paused.stdout,
    /^Paused until 20.*\nNo worker is running with the data folder .*; the next one starts paused\.$/mu,
  );
  const { stdout } = await stt(folder, 'status');
  assert.match(stdout, /^A pause is in force until 20\d\d-.*: the next one starts paused\.$/mu);
  assert.match(stdout, /^In the outbox 2 transcripts and reports to be delivered/mu);
  assert.match(stdout, /^In the outbox the server refused 1 transcript or report/mu);
  await using _ = await startWorker(folder);
  assert.is((await statusOf(folder)).state, 'closed');
});

run('pauses and resumes workers that run', async () => {
  await using folder = await temporaryFolder();
  await using first = await startWorker(folder);
  await using second = await startWorker(folder);
  const paused = await stt(folder, 'pause', '--for', '1h30m', '--json');
  const { until, told } = JSON.parse(paused.stdout) as { until: string; told: number[] };
  assert.ok(Math.abs(Date.parse(until) - Date.now() - 5_400_000) < 60_000);
  assert.equal(new Set(told), new Set([first.pid(), second.pid()]));
  await Promise.all([first.seen(/"closed","why":"pause"/u), second.seen(/"closed","why":"pause"/u)]);
  const shown = await stt(folder, 'status');
  assert.is(shown.exitCode, 0);
  assert.match(shown.stdout, /^ {2}State +paused by a person, until 20.*; 1 task in hand$/mu);
  assert.match(await readPause(folder), /"isAtOnce":false/u);
  const resumed = await stt(folder, 'resume');
  assert.is(resumed.exitCode, 0, resumed.outputTail);
  assert.match(resumed.stdout, /^The pause is over\.\nThe worker with pid \d+ was told\.\nThe worker with/u);
  await Promise.all([first.seen(/"opened"/u), second.seen(/"opened"/u)]);
  assert.is(await readPause(folder), 'none');
  assert.match((await stt(folder, 'resume')).stdout, /^There was no pause\.$/mu);
});

run('pauses at once, until further notice', async () => {
  await using folder = await temporaryFolder();
  await using _ = await startWorker(folder);
  assert.match((await stt(folder, 'pause', '--now')).stdout, /^Paused until "stt resume"\.$/mu);
  assert.match(await readPause(folder), /"isAtOnce":true/u);
  assert.equal((await statusOf(folder)).closures, [{ why: 'pause', reason: 'paused by a person' }]);
});

run('refuses wrong flags, and changes nothing', async () => {
  await using folder = await temporaryFolder();
  for (const args of [
    ['pause', '--for', 'soon'],
    ['pause', '--for', '31d'],
    ['pause', '--for', '0'],
    ['pause', 'now'],
    ['status', '--every', '5'],
    ['status', '--watch', '--every', '0'],
    ['drain', '--now'],
  ]) {
    const end = await stt(folder, ...args);
    assert.is(end.exitCode, 2, `${args.join(' ')}\n${end.outputTail}`);
  }
  assert.match((await stt(folder, 'pause', '--for', 'soon')).outputTail, /write it like 90s, 30m, 2h, 1d or 1h30m/u);
  assert.is(await readPause(folder), 'none');
});

run('drains a worker, and waits for its end', async () => {
  await using folder = await temporaryFolder();
  await using worker = await startWorker(folder, '4000');
  const drained = await stt(folder, 'drain', '--wait');
  assert.is(drained.exitCode, 0, drained.outputTail);
  const said = drained.stdout.split('\n');
  assert.match(said[0] ?? '', /finishes what it has begun, and ends\.$/u);
  assert.match(said[1] ?? '', /^Waiting for 1 worker to finish/u);
  assert.is(said[2], 'It has ended.');
  assert.is((await worker.ended).exitCode, 0);
  const none = await stt(folder, 'drain', '--json');
  assert.is(none.exitCode, 69);
  assert.is((JSON.parse(none.stdout) as { error: { code: string } }).error.code, 'STT_NO_WORKER');
});

run('drains without waiting', async () => {
  await using folder = await temporaryFolder();
  await using worker = await startWorker(folder, '60000');
  assert.is((await stt(folder, 'drain')).exitCode, 0);
  assert.is((await statusOf(folder)).state, 'stopping');
  await worker.seen(/"why":"drain"/u);
});

run('tells of a worker that lives and does not answer', async () => {
  await using folder = await temporaryFolder();
  await using worker = await startWorker(folder);
  const pid = worker.pid() ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    const shown = await stt(folder, 'status');
    assert.is(shown.exitCode, 75);
    assert.match(
      shown.stdout,
      new RegExp(`^A worker \\(pid ${pid}\\) does not answer: it did not answer within 5 s`, 'mu'),
    );
    assert.is((await stt(folder, 'drain')).exitCode, 75);
    const paused = await stt(folder, 'pause');
    assert.is(paused.exitCode, 0);
    assert.match(paused.stdout, /could not be told \(it did not answer within 5 s\); it notices within a minute/u);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});

/** `--watch`, with its lines; the reader leaves when it is disposed. */
async function watch(folder: TemporaryFolder, count: number, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [workerProgram, 'status', '--watch', ...args], {
    cwd: folder.path,
    env: { ...process.env, STT_DATA_DIR: folder.join('data') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const killer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').length > count) child.stdout.destroy();
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(killer);
  assert.is(code, 0, 'it ends when its reader leaves');
  return text;
}

run('watches, a line of JSON for each look, until its reader leaves', async () => {
  await using folder = await temporaryFolder();
  await using _ = await startWorker(folder);
  const lines = (await watch(folder, 3, '--json')).trim().split('\n');
  assert.ok(lines.length >= 3);
  for (const line of lines) assert.is((JSON.parse(line) as WorkerStatus[])[0]?.worker, 'tester');
});

run('watches, a block for each look in a pipe, also while no worker runs', async () => {
  await using folder = await temporaryFolder();
  const text = await watch(folder, 5, '--every', '1');
  assert.match(text, /^(?:No worker is running with .*\n\n){2,}/u);
});

/** As a user who may not look into the folder of the worker. */
async function sttAsStranger(
  folder: TemporaryFolder,
  ...args: string[]
): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [workerProgram, ...args], {
    cwd: '/',
    env: { PATH: process.env['PATH'], STT_DATA_DIR: folder.join('data') },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

run("names whose folder it is where it is another user's, as with a service", async () => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o755);
  await using _ = await startWorker(folder);
  const worker = folder.join('data', 'worker');
  await chmod(worker, isRoot ? 0o700 : 0);
  try {
    for (const command of ['status', 'pause', 'resume', 'drain']) {
      const { code, said } = await sttAsStranger(folder, command);
      assert.is(code, 77, said);
      assert.match(said, isRoot ? /belongs to root\./u : /belongs to another user\./u);
      assert.ok(said.includes(`env STT_DATA_DIR=${folder.join('data')} stt ${command}`), said);
      assert.match(said, isRoot ? /Use sudo: sudo -u root env/u : /Use sudo: sudo env/u);
    }
  } finally {
    await chmod(worker, 0o700);
  }
});

if (isRoot) {
  run('root pauses a service, and leaves nothing that the service could not remove', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.join('data'));
    await chown(folder.join('data'), nobody, nobody);
    assert.is((await stt(folder, 'pause')).exitCode, 0);
    for (const made of [pauseFile(folder), folder.join('data', 'worker')]) assert.is((await stat(made)).uid, nobody);
    assert.is((await stat(folder.path)).uid, 0);
  });
}

run.run();
