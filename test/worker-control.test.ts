/** A real `stt run` and the commands that look at it and steer it, as a person at a second terminal uses them. */
import { readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeWhisperCli, type FakeWhisperCli, type Habit } from '../src/engine/testing/fake-whisper-cli.ts';
import { type ChildEnd, runChild } from '../src/run-child.ts';
import type { WorkerStatus } from '../src/worker/control/worker-status.ts';
import { type FakeServer, startFakeServer } from '../src/worker/testing/fake-server.ts';
import { readSample } from '../src/worker/testing/start-worker.ts';
import { eventually } from './support/eventually.ts';
import { isRunning } from './support/processes.ts';
import { type RunningProgram, startProgram, workerProgram } from './support/programs.ts';
import { type TemporaryFolder, temporaryFolder } from './support/temporary-folder.ts';

const control = suite('a worker by hand');

const sample = await readSample();

type Desk = AsyncDisposable & {
  folder: TemporaryFolder;
  server: FakeServer;
  engine: FakeWhisperCli;
  startWorker: () => RunningProgram;
  stt: (...args: string[]) => Promise<ChildEnd>;
  status: () => Promise<WorkerStatus>;
};

async function openDesk(habit: Habit, recordings: number): Promise<Desk> {
  const open = new AsyncDisposableStack();
  const folder = open.use(await temporaryFolder());
  const server = open.use(await startFakeServer({ flavour: 'protocol 2' }));
  for (let added = 0; added < recordings; added += 1) server.add(sample);
  const engine = await fakeWhisperCli(folder.join('whisper-cli'), habit);
  await writeFile(folder.join('model.bin'), '');
  const env = {
    SERVER_URL: server.url,
    STT_DATA_DIR: folder.join('data'),
    STT_WHISPER_CLI: engine.file,
    STT_MODEL: folder.join('model.bin'),
    NODE_NAME: 'gaming-pc',
  };
  const stt = (...args: string[]): Promise<ChildEnd> =>
    runChild({
      file: process.execPath,
      args: [workerProgram, ...args],
      cwd: folder.path,
      env,
      stdoutLimitBytes: 100_000,
      timeoutMs: 60_000,
    });
  return {
    folder,
    server,
    engine,
    startWorker: () => open.use(startProgram({ args: [workerProgram, 'run', '--json'], cwd: folder.path, env })),
    stt,
    async status() {
      const [status] = JSON.parse((await stt('status', '--json')).stdout) as WorkerStatus[];
      if (status === undefined) throw new Error('no worker runs');
      return status;
    },
    [Symbol.asyncDispose]: () => open[Symbol.asyncDispose](),
  };
}

control('shows what it does, hands its tasks back for a pause, and takes them up again after it', async () => {
  await using desk = await openDesk('hangs', 2);
  const { server, engine, stt, status } = desk;
  const worker = desk.startWorker();
  const [pid = 0] = await engine.pids();
  await worker.seen(/"phase":"decode","progress":1/u);
  const shown = await eventually(async () => {
    const now = await status();
    return now.slots[0]?.work?.progress === 0.1 && now.ahead.length === 1 ? now : undefined;
  }, 'one task in the slot at 10 %, one ahead');
  assert.equal([shown.worker, shown.state, shown.slots[0]?.work?.phase], ['gaming-pc', 'working', 'transcribe']);

  const paused = await stt('pause', '--now', '--for', '1h');
  assert.is(paused.exitCode, 0, paused.outputTail);
  await eventually(() => server.callsOf('release').length === 2, 'both are handed back');
  await eventually(() => !isRunning(pid), 'the engine is gone');
  const { state, closures } = await status();
  assert.equal([state, closures.map(({ why }) => why)], ['closed', ['pause']]);
  assert.is(server.leases.size, 0);

  // Also over a restart.
  await worker.stop();
  const next = desk.startWorker();
  await next.seen(/"event":"closed","why":"pause"/u);
  assert.is(server.callsOf('task').length, 2);
  assert.is((await stt('resume')).exitCode, 0);
  await next.seen(/"event":"claimed"/u);
});

control('finishes what it has begun for a drain, hands back the rest, and ends', async () => {
  await using desk = await openDesk('waits_for_a_file', 3);
  const { server, engine, stt } = desk;
  const worker = desk.startWorker();
  await engine.pids();
  await worker.seen(/"phase":"decode","progress":1/u);
  await eventually(() => server.leases.size === 2, 'one is claimed ahead');
  const draining = stt('drain', '--wait');
  await eventually(() => server.callsOf('release').length === 1, 'what was ahead is handed back');
  assert.is(server.callsOf('result').length, 0);
  await writeFile(`${engine.file}.go`, '');
  assert.is((await draining).exitCode, 0);
  const end = await worker.ended;
  assert.is(end.exitCode, 0, end.outputTail);
  assert.is(server.callsOf('result').length, 1);
  assert.match(await readFile(desk.folder.join('data', 'worker', 'processed.csv'), 'utf8'), /,success,/u);
  assert.is((await stt('status')).exitCode, 69);
  const stats = JSON.parse((await stt('stats', '--json')).stdout) as { transcribed: number; handedBack: number };
  assert.equal([stats.transcribed, stats.handedBack], [1, 1]);
});

control.run();
