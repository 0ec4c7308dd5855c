import { readdir } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { isRunning } from '../../test/support/processes.ts';
import { type FakeServer, type Misbehaviour, startFakeServer } from './testing/fake-server.ts';
import { lettersIn, readSample, startWorker, type TestWorker } from './testing/start-worker.ts';

const run = suite('runWorker, stopped');

const sample = await readSample();
const longestStopMs = 5000;

async function serverWithTask(how?: Misbehaviour): Promise<FakeServer> {
  const server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(sample);
  server.misbehave(how);
  return server;
}

/** Stops the worker and sees that it is gone in time and has handed back its task. */
async function assertHandsBack(worker: TestWorker, server: FakeServer): Promise<void> {
  const stoppedAt = performance.now();
  worker.stop();
  const summary = await worker.ended;
  assert.ok(performance.now() - stoppedAt < longestStopMs, `it took ${performance.now() - stoppedAt} ms`);
  assert.equal([summary.handedBack, summary.failed], [1, 0]);
  assert.is((await worker.saw('handed_back')).accepted, true);
  assert.is(server.callsOf('release').length, 1);
  assert.equal([server.callsOf('error').length, server.callsOf('result').length], [0, 0]);
  assert.equal(await readdir(worker.paths.work), []);
}

/** Sends the head and the first bytes of a recording, and then nothing. */
function stall(response: ServerResponse): true {
  const head = { 'x-task-id': 'stalled', 'x-language': 'en', 'x-lease-seconds': '90', 'content-length': '1000' };
  response.writeHead(200, head).write('abc');
  return true;
}

run('hands the task back while it downloads', async () => {
  await using server = await serverWithTask((call, response) => call.path.startsWith('/task') && stall(response));
  server.leases.set('stalled', { bytes: sample, language: 'en' });
  await using worker = await startWorker({ serverUrl: server.url, env: { STT_PREFETCH: '0' } });
  await worker.saw('claimed');
  await assertHandsBack(worker, server);
});

for (const habit of ['hangs', 'ignores_sigterm'] as const) {
  run(`hands the task back while an engine works that ${habit.replaceAll('_', ' ')}, and ends the engine`, async () => {
    await using server = await serverWithTask();
    await using worker = await startWorker({ serverUrl: server.url, habit });
    const pids = await worker.engine.pids();
    await assertHandsBack(worker, server);
    for (const pid of pids) assert.not(isRunning(pid));
  });
}

run('still delivers a transcript that is finished', async () => {
  let release = (): void => {};
  const asked = new Promise<void>((resolve) => (release = resolve));
  let answer = (): void => {};
  await using server = await serverWithTask((call, response) => {
    if (call.path !== '/result') return false;
    answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
    release();
    return true;
  });
  await using worker = await startWorker({ serverUrl: server.url });
  await asked;
  worker.stop();
  answer();
  const summary = await worker.ended;
  assert.equal([summary.transcribed, summary.waiting, summary.handedBack], [1, 0, 0]);
});

run('leaves a finished transcript in the outbox when the server does not answer in time', async () => {
  await using server = await serverWithTask((call) => call.path === '/result');
  await using worker = await startWorker({ serverUrl: server.url });
  await eventually(() => server.callsOf('result').length > 0, 'the worker delivers');
  const stoppedAt = performance.now();
  worker.stop();
  const summary = await worker.ended;
  assert.ok(performance.now() - stoppedAt < longestStopMs);
  assert.equal([summary.transcribed, summary.waiting], [1, 1]);
  assert.is((await lettersIn(worker.paths.outbox)).length, 1);
});

run('stops at once while it waits for a task, or for a server that is away', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await using idle = await startWorker({ serverUrl: server.url });
  await eventually(() => server.callsOf('task').length > 0, 'the worker asks');
  const stoppedAt = performance.now();
  idle.stop();
  await idle.ended;
  await using lonely = await startWorker({ serverUrl: 'http://127.0.0.1:9' });
  await lonely.saw('server_away');
  lonely.stop();
  await lonely.ended;
  assert.ok(performance.now() - stoppedAt < longestStopMs);
});

run('ends without a word when it is stopped before it began', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await using worker = await startWorker({ serverUrl: server.url });
  worker.stop();
  assert.is((await worker.ended).transcribed, 0);
  assert.is(server.calls.length, 0);
});

run('waits no longer to be heard when it is told a second time', async () => {
  await using server = await serverWithTask((call) => call.path === '/release');
  await using worker = await startWorker({ serverUrl: server.url, habit: 'hangs' });
  const pids = await worker.engine.pids();
  worker.stop();
  await eventually(() => server.callsOf('release').length > 0, 'the worker hands back');
  const stoppedAt = performance.now();
  worker.stopNow();
  await worker.ended;
  assert.ok(performance.now() - stoppedAt < 3000);
  assert.is((await worker.saw('handed_back')).accepted, false);
  for (const pid of pids) assert.not(isRunning(pid));
});

run.run();
