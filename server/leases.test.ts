// deadline: 240 s
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../test/support/eventually.ts';
import { openDatabase } from './queue/sqlite/open-database.ts';
import { hello, problemCode, scanMs, startTestServer, sweepMs, type TestServer } from './testing/test-server.ts';

const run = suite('leases over HTTP');

const waits = (server: TestServer): Promise<unknown> =>
  eventually(() => server.logs.some((line) => line.msg === 'waits for a task'), 'a worker waits');

const other = hello.replace('hello', 'other');

async function loseLease(server: TestServer): Promise<void> {
  await server.passTime(90_000 + sweepMs);
  await eventually(() => server.logs.some((line) => line.msg === 'lease lost'), 'the lease runs out');
}

/** The wait after a failed attempt is over. */
async function backOff(server: TestServer): Promise<void> {
  await server.passTime(3_600_000 + sweepMs);
}

run('50 workers racing for 200 tasks never get the same one', async () => {
  const recordings = Array.from({ length: 200 }, (_, index) => `${index}.mp3`);
  await using server = await startTestServer({ recordings });
  const bodies: string[] = [];
  const ids: string[] = [];
  const work = async (): Promise<void> => {
    for (;;) {
      const response = await server.claim();
      if (response.status === 204) return;
      ids.push(response.headers.get('x-task-id') ?? '');
      bodies.push(await response.text());
    }
  };
  await Promise.all(Array.from({ length: 50 }, work));
  assert.is(new Set(ids).size, 200);
  assert.equal(bodies.toSorted(), recordings.map((name) => `audio of ${name}`).toSorted());
});

run('says how long a lease lasts, and a heartbeat makes it last longer', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const response = await server.claim();
  await response.arrayBuffer();
  assert.is(response.headers.get('x-lease-seconds'), '90');
  const id = response.headers.get('x-task-id');
  for (let minute = 0; minute < 10; minute += 1) {
    await server.passTime(60_000);
    const beat = await server.post('/heartbeat', { id, phase: 'transcribe', progress: minute / 10 });
    assert.is(beat.status, 200);
  }
  assert.is((await server.post('/result', { id, vtt: hello })).status, 200);
});

run('offers the task of a dead worker again, and tells a late heartbeat so', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const id = await server.claimId();
  await loseLease(server);
  await backOff(server);
  const rival = await eventually(async () => (await server.claim()).headers.get('x-task-id'), 'offered again');
  assert.is.not(rival, id);
  const beat = await server.post('/heartbeat', { id });
  assert.is(beat.status, 409);
  assert.is(await problemCode(beat), 'lease_lost');
  assert.is((await server.post('/heartbeat', { id: rival })).status, 200);
  assert.is((await server.post('/heartbeat', { id: 'nobody' })).status, 404);
});

run('takes a late transcript while the task is open, and ends the lease of the rival', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const id = await server.claimId();
  await loseLease(server);
  await backOff(server);
  const rival = await eventually(async () => (await server.claim()).headers.get('x-task-id'), 'offered again');
  assert.is((await server.post('/result', { id, vtt: hello })).status, 200);
  assert.is(await server.transcript('a.vtt'), hello);
  assert.is((await server.post('/heartbeat', { id: rival })).status, 409);
  assert.is((await server.post('/result', { id: rival, vtt: other })).status, 409);
  assert.is(await server.transcript('a.vtt'), hello);
});

run('refuses a late transcript after a rival finished', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const id = await server.claimId();
  await loseLease(server);
  await backOff(server);
  const rival = await eventually(async () => (await server.claim()).headers.get('x-task-id'), 'offered again');
  assert.is((await server.post('/result', { id: rival, vtt: other })).status, 200);
  assert.is((await server.post('/result', { id, vtt: hello })).status, 409);
  assert.is(await server.transcript('a.vtt'), other);
});

run('hands a released task to the next at once, and does not count it', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'], env: { STT_MAX_ATTEMPTS: '1' } });
  for (let round = 0; round < 3; round += 1) {
    const id = await server.claimId();
    assert.is((await server.post('/release', { id, reason: 'shutting down' })).status, 200);
    assert.is((await server.post('/release', { id })).status, 200);
  }
  await server.claimId();
});

run('backs off after each error and gives the task up after five', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const id = await eventually(async () => (await server.claim()).headers.get('x-task-id'), `attempt ${attempt}`);
    assert.is((await server.post('/error', { id, error: 'no audio in it' })).status, 200);
    assert.is((await server.post('/error', { id, error: 'no audio in it' })).status, 200);
    assert.is((await server.claim()).status, 204);
    await backOff(server);
  }
  assert.is((await server.claim()).status, 204);
  const states = server.logs.filter((line) => line.msg === 'failed').map((line) => line['state']);
  assert.equal(states, ['waiting', 'waiting', 'waiting', 'waiting', 'dead']);
});

run('logs whom a worker blames for a failure', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3', 'b.mp3'] });
  for (const fault of ['machine', 'the weather']) {
    const id = await server.claimId();
    assert.is((await server.post('/error', { id, error: 'broken', fault })).status, 200);
  }
  const blamed = server.logs.filter((line) => line.msg === 'failed').map((line) => line['fault']);
  assert.equal(blamed, ['machine', undefined]);
});

run('counts lost leases as attempts', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'], env: { STT_MAX_ATTEMPTS: '1' } });
  await server.claimId();
  await loseLease(server);
  assert.is(server.logs.find((line) => line.msg === 'lease lost')?.['state'], 'dead');
  await backOff(server);
  assert.is((await server.claim()).status, 204);
});

run('keeps tasks and leases over a restart, with a fresh term', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3', 'b.mp3'] });
  const id = await server.claimId();
  await server.passTime(80_000);
  await server.restart();
  await server.passTime(70_000 + sweepMs);
  assert.is((await server.post('/heartbeat', { id })).status, 200);
  await server.claimId();
  assert.is((await server.claim()).status, 204);
  assert.is((await server.post('/result', { id, vtt: hello })).status, 200);
});

run('lets no lease run out because the clock jumped or the machine slept', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const id = await server.claimId();
  for (const jumpMs of [120_000, 365 * 86_400_000, -86_400_000]) {
    server.clock.jump(jumpMs);
    await server.passTime(sweepMs);
    assert.is((await server.post('/heartbeat', { id })).status, 200, String(jumpMs));
  }
  await loseLease(server);
});

run('holds no task longer than a term when the clock goes back', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  await server.claimId();
  server.clock.jump(-86_400_000);
  await server.passTime(sweepMs);
  await loseLease(server);
});

run('holds no task longer than a term when the clock was ahead before a restart', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  server.clock.jump(86_400_000);
  await server.claimId();
  server.clock.jump(-86_400_000);
  await server.restart();
  await loseLease(server);
});

run('lets no lease run out because the database was locked for long', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'], env: { STT_LEASE_SECONDS: '50' } });
  const id = await server.claimId();
  const { db } = openDatabase(server.folder.join('tasks.sqlite'));
  db.exec('BEGIN IMMEDIATE');
  await server.passTime(3 * sweepMs);
  db.exec('ROLLBACK');
  db.close();
  await server.passTime(sweepMs);
  assert.is((await server.post('/heartbeat', { id })).status, 200);
});

run('wakes a waiting worker when a recording appears', async () => {
  await using server = await startTestServer();
  const waiting = server.claim('?wait=9999');
  await waits(server);
  await server.addRecording('new.mp3');
  await server.scanUntil(() => server.logs.some((line) => line.msg === 'granted'), 'the worker is woken');
  const response = await waiting;
  assert.is(response.status, 200);
  assert.is(await response.text(), 'audio of new.mp3');
});

run('wakes one of many waiting workers for one recording, whoever waited longest', async () => {
  await using server = await startTestServer();
  const asked = (): number => server.logs.filter((line) => line.msg === 'waits for a task').length;
  const waiting: Promise<{ name: string; status: number }>[] = [];
  for (const name of ['first', 'second', 'third']) {
    const headers = { 'X-STT-Protocol': '2', 'X-STT-Worker': name };
    waiting.push(server.claim('?wait=9999', { headers }).then(({ status }) => ({ name, status })));
    await eventually(() => asked() === waiting.length, `${name} waits`);
  }
  await server.addRecording('new.mp3');
  await server.scanUntil(() => server.logs.some((line) => line.msg === 'granted'), 'a worker is woken');
  assert.equal(await Promise.race(waiting), { name: 'first', status: 200 });
  assert.is(asked(), 3);
});

run('does not let workers sleep beside tasks that nobody told of', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const id = await server.claimId();
  const waiting = server.claim('?wait=60');
  await waits(server);
  const { db } = openDatabase(server.folder.join('tasks.sqlite'));
  db.exec("UPDATE leases SET ended_at = 1, outcome = 'cancelled'; UPDATE tasks SET state = 'pending'");
  db.close();
  await server.passTime(sweepMs);
  await eventually(() => server.logs.filter((line) => line.msg === 'granted').length === 2, 'the worker is woken');
  assert.is.not((await waiting).headers.get('x-task-id'), id);
});

run('never has two workers at recordings that would share a transcript', async () => {
  await using server = await startTestServer({ recordings: ['a.wav'] });
  const id = await server.claimId();
  // By its name it comes first.
  await server.addRecording('a.mp3');
  await server.clock.advance(scanMs);
  await server.addRecording('b.mp3');
  await server.scanUntil(async () => (await server.claim()).status === 200, 'the scan has been there');
  assert.is((await server.claim()).status, 204);
  assert.is((await server.post('/result', { id, vtt: hello })).status, 200);
  assert.is(await server.transcript('a.vtt'), hello);
});

run('wakes a waiting worker when a task is handed back', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const id = await server.claimId();
  const waiting = server.claim('?wait=30');
  await waits(server);
  await server.post('/release', { id });
  assert.is((await waiting).status, 200);
});

run('lets a worker wait no longer than it asked for', async () => {
  await using server = await startTestServer();
  const waiting = server.claim('?wait=10');
  await waits(server);
  await server.clock.advance(10_000);
  assert.is((await waiting).status, 204);
});

run('gives nothing to a waiting worker that hung up', async () => {
  await using server = await startTestServer();
  const hangUp = new AbortController();
  const waiting = server.claim('?wait=60', { signal: hangUp.signal });
  await waits(server);
  hangUp.abort();
  await waiting.catch(() => {});
  await server.addRecording('a.mp3');
  await server.scanUntil(() => server.logs.some((line) => line['add'] === 1), 'a scan');
  assert.is((await server.claim()).status, 200);
});

run('answers waiting workers when it is closed', async () => {
  const server = await startTestServer();
  const waiting = server.claim('?wait=60');
  await waits(server);
  const began = performance.now();
  await server[Symbol.asyncDispose]();
  assert.is((await waiting).status, 204);
  assert.ok(performance.now() - began < 2000);
});

run('answers 400 to a wait that is no number', async () => {
  await using server = await startTestServer();
  assert.is((await server.claim('?wait=soon')).status, 400);
  assert.is((await server.claim('?wait=-1')).status, 400);
});

run.run();
