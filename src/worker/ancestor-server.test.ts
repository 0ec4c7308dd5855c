import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { isRunning } from '../../test/support/processes.ts';
import { type FakeServer, startFakeServer } from './testing/fake-server.ts';
import { hurriedClock } from './testing/hurried-clock.ts';
import { readSample, startWorker } from './testing/start-worker.ts';

const run = suite("with an ancestor's server");

const sample = await readSample();

async function ancestorWith(...recordings: Buffer[]): Promise<FakeServer> {
  const server = await startFakeServer({ flavour: 'ancestor' });
  for (const bytes of recordings) server.add(bytes);
  return server;
}

const callNames = (server: FakeServer): string[] =>
  server.calls.map(({ method, path }) => `${method} ${new URL(path, server.url).pathname}`);

run('makes the three calls it knows and no other', async () => {
  await using server = await ancestorWith(sample, Buffer.from('no audio'));
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
  const summary = await worker.ended;
  assert.equal([summary.transcribed, summary.failed], [1, 1]);
  const calls = ['GET /task', 'GET /task', 'GET /task', 'POST /error', 'POST /result'];
  assert.equal(callNames(server).toSorted(), calls);
  const [result] = server.callsOf('result');
  assert.match(String(result?.body['vtt']), /^WEBVTT\n/u);
  assert.is(result?.headers['content-type'], 'application/json');
});

run('asks again after ten seconds when there is no task, since it answers at once', async () => {
  await using server = await ancestorWith();
  const clock = hurriedClock();
  const startedAt = clock.now();
  await using worker = await startWorker({ serverUrl: server.url, clock });
  await eventually(() => server.calls.length >= 3, 'the worker asks again');
  assert.ok(clock.now() - startedAt >= 20_000);
  worker.stop();
  await worker.ended;
});

run('sends no heartbeat, and reports the task as an error when stopped, as the ancestor does', async () => {
  await using server = await ancestorWith(sample);
  await using worker = await startWorker({ serverUrl: server.url, habit: 'hangs', env: { STT_PREFETCH: '0' } });
  const pids = await worker.engine.pids();
  const [id] = server.leases.keys();
  worker.stop();
  assert.is((await worker.ended).handedBack, 1);
  assert.equal(callNames(server), ['GET /task', 'POST /error']);
  assert.equal(server.callsOf('error')[0]?.body, { id });
  for (const pid of pids) assert.not(isRunning(pid));
});

run('fails a download that breaks, since it cannot be resumed', async () => {
  await using server = await ancestorWith();
  server.misbehave((call, response) => {
    if (!call.path.startsWith('/task') || server.callsOf('task').length > 1) return false;
    response.writeHead(200, { 'x-task-id': 'b'.repeat(32), 'x-language': 'en', 'content-type': 'audio/mpeg' });
    response.write(sample.subarray(0, 1000), () => response.destroy());
    return true;
  });
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
  assert.is((await worker.ended).failed, 1);
  assert.match(String(server.callsOf('error')[0]?.body['error']), /did not arrive whole/u);
});

run.run();
