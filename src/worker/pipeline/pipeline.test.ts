import { mkdir, readdir, readFile } from 'node:fs/promises';
import { ClientRequest } from 'node:http';
import path from 'node:path';
import { queryObjects } from 'node:v8';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../../test/support/eventually.ts';
import { convertSample } from '../../../test/support/library.ts';
import { isRunning } from '../../../test/support/processes.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { canMount, smallDisk } from '../../../test/support/small-disk.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { type FakeServer, startFakeServer } from '../testing/fake-server.ts';
import { hurriedClock } from '../testing/hurried-clock.ts';
import { ownToken } from '../process-owner.ts';
import { readSample, startWorker, type TestWorker } from '../testing/start-worker.ts';
import type { TaskProgressEvent } from '../worker-event.ts';

const run = suite('pipeline');

const sample = await readSample();

async function serverWith(count: number): Promise<FakeServer> {
  const server = await startFakeServer({ flavour: 'protocol 2', leaseSeconds: 3 });
  for (let added = 0; added < count; added += 1) server.add(sample);
  return server;
}

const progressOf = ({ events }: TestWorker): TaskProgressEvent[] =>
  events.filter((event): event is TaskProgressEvent => event.event === 'progress');

/** Tasks that are decoded and wait for a slot. */
const readyTasks = (worker: TestWorker): Set<string> =>
  new Set(
    progressOf(worker)
      .filter(({ slot, phase, progress }) => slot === undefined && phase === 'decode' && progress === 1)
      .map(({ task }) => task),
  );

async function filesOfTasks(worker: TestWorker): Promise<string[]> {
  const names = await readdir(worker.paths.work, { recursive: true });
  return names.filter((name) => name.includes('task-') && path.extname(name) !== '').map((name) => path.basename(name));
}

for (const [prefetch, expected] of [
  ['0', 1],
  ['1', 2],
  ['3', 4],
] as const) {
  run(`has ${expected} tasks in hand with one slot and STT_PREFETCH=${prefetch}, and keeps their leases`, async () => {
    await using server = await serverWith(6);
    const env = { STT_PREFETCH: prefetch };
    await using worker = await startWorker({ serverUrl: server.url, habit: 'hangs', env });
    await worker.engine.pids();
    await eventually(() => server.leases.size === expected, 'the tasks are claimed');
    await eventually(async () => (await filesOfTasks(worker)).length === expected, 'they are decoded');
    // Only what is decoded is kept of a recording.
    assert.equal(new Set(await filesOfTasks(worker)), new Set(['audio.wav']));
    const beatsBefore = server.callsOf('heartbeat').length;
    await eventually(() => server.callsOf('heartbeat').length >= beatsBefore + 2 * expected, 'the leases are renewed');
    const beating = new Set(server.callsOf('heartbeat').map(({ body }) => String(body['id'])));
    assert.equal(beating, new Set(server.leases.keys()));
    assert.is(server.callsOf('task').length, expected);
    assert.is((await worker.engine.pids()).length, 1);
  });
}

run('leaves the next recording to other workers while it has a long one whose end is far', async () => {
  await using folder = await temporaryFolder();
  await convertSample(folder.join('long.mp3'), ['-af', 'apad=pad_dur=200']);
  await using server = await startFakeServer({ flavour: 'protocol 2', leaseSeconds: 3 });
  server.add(await readFile(folder.join('long.mp3')));
  server.add(sample);
  await using worker = await startWorker({ serverUrl: server.url, habit: 'hangs' });
  await worker.engine.pids();
  await eventually(() => server.callsOf('heartbeat').length >= 4, 'it works for a while');
  assert.is(server.callsOf('task').length, 1);
});

run('hands back at once what it has claimed ahead, when it stops', async () => {
  await using server = await serverWith(3);
  await using worker = await startWorker({ serverUrl: server.url, habit: 'hangs', env: { STT_PREFETCH: '2' } });
  await eventually(() => readyTasks(worker).size === 3, 'all are decoded');
  worker.stop();
  const summary = await worker.ended;
  assert.equal([summary.handedBack, summary.failed, summary.waiting], [3, 0, 0]);
  assert.is(server.callsOf('release').length, 3);
  assert.equal(await readdir(worker.paths.work), []);
});

run('begins with the next task while the transcript of the last one is still being delivered', async () => {
  await using server = await serverWith(2);
  let answer: (() => void) | undefined;
  server.misbehave((call, response) => {
    if (call.path !== '/result' || server.callsOf('result').length > 1) return false;
    answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
    return true;
  });
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
  await eventually(() => server.callsOf('result').length === 2, 'the second one is delivered before the first');
  assert.is(worker.events.filter(({ event }) => event === 'transcribed').length < 2, true);
  answer?.();
  assert.is((await worker.ended).transcribed, 2);
});

run('starts no engine before the server has renewed the lease', async () => {
  await using server = await serverWith(1);
  let isWilling = false;
  server.misbehave((call, response) => {
    if (call.path !== '/heartbeat' || isWilling) return false;
    response.writeHead(503).end();
    return true;
  });
  await using worker = await startWorker({ serverUrl: server.url });
  await eventually(() => readyTasks(worker).size === 1, 'the recording is decoded');
  await eventually(() => server.callsOf('heartbeat').length >= 2, 'the lease is asked for again');
  assert.not(progressOf(worker).some(({ phase }) => phase === 'transcribe'));
  isWilling = true;
  assert.is((await worker.saw('transcribed')).delivery, 'accepted');
});

run('ends, when it is to end by itself, where the server grants a task and never renews it', async () => {
  await using server = await serverWith(1);
  server.misbehave((call, response) => {
    if (call.path !== '/heartbeat') return false;
    response.writeHead(503).end();
    return true;
  });
  await using worker = await startWorker({ serverUrl: server.url, mode: 'once', clock: hurriedClock() });
  const error = await rejects(worker.ended, /cannot be used: it does not renew the lease/u);
  assert.equal([error['code'], error['exitCode']], ['STT_SERVER_AWAY', 69]);
  assert.is((await worker.saw('handed_back')).fault, undefined);
});

run('keeps what it has done, and ends, where its files cannot be removed', async () => {
  await using server = await serverWith(1);
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
  const own = path.join(worker.paths.work, ownToken);
  await worker.saw('claimed');
  // A mount point cannot be removed.
  await mkdir(path.join(own, 'task-2', 'mounted'), { recursive: true });
  if (!(await canMount(worker.paths.folder))) return;
  await using disk = await smallDisk(path.join(own, 'task-2', 'mounted'));
  assert.is((await worker.ended).transcribed, 1);
  assert.is(server.callsOf('result').length, 1);
  void disk;
});

run('drops a task that is lost before its turn, and claims another one', async () => {
  await using server = await serverWith(3);
  await using worker = await startWorker({ serverUrl: server.url, habit: 'hangs' });
  const [pid = 0] = await worker.engine.pids();
  await eventually(() => readyTasks(worker).size === 2, 'the next one is decoded');
  const running = progressOf(worker).find(({ slot }) => slot === 1)?.task;
  const ahead = [...server.leases.keys()].find((id) => id !== running) ?? '';
  server.leases.delete(ahead);
  assert.is((await worker.saw('lease_lost')).task, ahead);
  await eventually(() => server.callsOf('task').length === 3, 'another one is claimed');
  assert.ok(isRunning(pid));
});

run('measures that no engine waited', async () => {
  await using server = await serverWith(4);
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
  const { transcribed, engineSeconds, engineIdleSeconds } = await worker.ended;
  assert.is(transcribed, 4);
  assert.ok(engineSeconds > 0);
  assert.ok(engineIdleSeconds > 0 && engineIdleSeconds < 60, String(engineIdleSeconds));
});

run('keeps nothing of a task that is over', async () => {
  await using server = await serverWith(30);
  const env = { STT_SLOTS: '2' };
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', env });
  assert.is((await worker.ended).transcribed, 30);
  // It collects what is not needed first.
  const requests = queryObjects(ClientRequest, { format: 'count' });
  assert.ok(requests < 10, `${requests} requests are kept`);
});

run('gives an end of its own to each of many tasks in several slots', async () => {
  await using server = await serverWith(20);
  const env = { STT_SLOTS: '3', STT_PREFETCH: '2' };
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', env });
  assert.is((await worker.ended).transcribed, 20);
  const ends = worker.events.filter(({ event }) => event === 'transcribed');
  assert.is(new Set(ends.map((end) => 'task' in end && end.task)).size, 20);
  assert.equal(server.leases.size, 0);
  assert.equal(await readdir(worker.paths.work), []);
});

run.run();
