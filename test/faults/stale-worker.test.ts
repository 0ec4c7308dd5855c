// deadline: 120 s
/**
 * A real worker sleeps (SIGSTOP, its engine too) in the middle of its task and past its lease; a rival finishes the task. When the
 * worker wakes up it is told, ends its engine, and changes nothing. The server's clock is hurried, so that this does not take a minute.
 */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import { addSidecar, convertSample } from '../support/library.ts';
import { processesOf, type RunningProcess } from '../support/processes.ts';
import { startProgram, workerEnvironment, workerProgram } from '../support/programs.ts';
import { startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { transcriptOf } from './journal.ts';
import { claim, deliver, statusOf, type Task } from './worker-calls.ts';

const stale = suite('stale worker');

/** A lease of 6 s lasts three; the worker still renews it every two. */
const speed = 2;

stale('is told that its lease is lost, ends its engine within 5 s, and changes no byte', async () => {
  await using folder = await temporaryFolder();
  await using data = await temporaryFolder();
  const library = folder.join('library');
  await mkdir(library);
  // Long enough that the engine is still at it afterwards.
  await convertSample(path.join(library, 'long.mp3'), ['-af', 'aloop=loop=100:size=1000000']);
  await addSidecar(path.join(library, 'long.mp3'));
  const startedMs = Date.now();
  await using server = await startServerProcess({
    library,
    stateFolder: folder.path,
    program: path.join(import.meta.dirname, '..', 'support', 'hurried-server.ts'),
    env: { STT_LEASE_SECONDS: '6', TEST_CLOCK: JSON.stringify({ realMs: startedMs, shownMs: startedMs, speed }) },
  });
  await using worker = startProgram({
    args: [workerProgram, 'run', '--until-empty'],
    cwd: data.path,
    env: workerEnvironment(data.path, server.url),
  });
  // Not its proof of itself, with silence, before it asks for a task.
  const engines = (): RunningProcess[] =>
    processesOf(data.path).filter(
      ({ commandLine }) => /whisper-cli/u.test(commandLine) && !commandLine.includes('silence'),
    );
  await eventually(() => engines().length > 0, 'the engine runs', 30_000);

  const asleep = processesOf(data.path).map(({ pid }) => pid);
  for (const pid of asleep) process.kill(pid, 'SIGSTOP');
  await eventually(() => server.logs.some((line) => line.msg === 'lease lost'), 'the lease is lost', 20_000);
  const rival = await eventually(
    async () => {
      const task = await claim(server.url);
      return typeof task === 'object' ? task : undefined;
    },
    'offered again',
    30_000,
  );
  const task: Task = { leaseId: rival.leaseId, recording: 'by the rival' };
  assert.is((await deliver(server.url, task))?.status, 200);

  for (const pid of asleep) process.kill(pid, 'SIGCONT');
  await eventually(() => engines().length === 0, 'its engine is gone', 8000);
  const end = await worker.ended;
  assert.is(end.stoppedBy, null, end.outputTail);
  assert.is(server.logs.filter((line) => line.msg === 'delivered').length, 1);
  assert.is(await readFile(path.join(library, 'long.vtt'), 'utf8'), transcriptOf(task.recording, task.leaseId));
  assert.equal(processesOf(data.path), []);
  if ((await statusOf(server.url, '/metrics')) === 200) {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(metrics, /^stt_leases_ended_total\{[^}]*outcome="expired"[^}]*\} 1$/mu);
  }
});

stale.run();
