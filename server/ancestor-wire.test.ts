import { readFile, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../test/support/eventually.ts';
import { hello, startTestServer, sweepMs } from './testing/test-server.ts';

const run = suite('the wire of the ancestor');

type Raw = { status: number; headers: Record<string, unknown>; body: string };

/** As Python's requests would: no header more than needed. */
function call(url: string, method: string, body?: object): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': text.length };
    const out = request(url, { method, headers }, (response) => {
      let received = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (received += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
      );
      response.on('error', reject);
    });
    out.on('error', reject);
    out.end(text);
  });
}

run('hands out a recording, takes its transcript, and has no more tasks then', async () => {
  await using server = await startTestServer({ recordings: ['deep/down/talk.mp3'] });
  const task = await call(`${server.url()}/task`, 'GET');
  assert.is(task.status, 200);
  assert.is(task.body, 'audio of deep/down/talk.mp3');
  assert.is(task.headers['content-type'], 'audio/mpeg');
  assert.is(task.headers['x-language'], 'en');
  assert.match(String(task.headers['x-task-id']), /^[0-9a-f]{32}$/u);
  assert.is(task.headers['x-lease-seconds'], undefined);

  const none = await call(`${server.url()}/task`, 'GET');
  assert.is(none.status, 204);
  assert.is(none.body, '');

  const result = await call(`${server.url()}/result`, 'POST', { id: task.headers['x-task-id'], vtt: hello });
  assert.is(result.status, 200);
  assert.equal(JSON.parse(result.body), { status: 'ok' });
  assert.is(await server.transcript('deep/down/talk.vtt'), hello);
  assert.is((await stat(server.inLibrary('deep/down/talk.vtt'))).mode & 0o777, 0o644);
});

run('takes an error report, with and without a reason', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3', 'b.mp3'] });
  for (const error of [{}, { error: 'whisper failed' }]) {
    const task = await call(`${server.url()}/task`, 'GET');
    const answer = await call(`${server.url()}/error`, 'POST', { id: task.headers['x-task-id'], ...error });
    assert.is(answer.status, 200);
    assert.equal(JSON.parse(answer.body), { status: 'ok' });
  }
});

run('answers 400 to a missing field and 404 to an unknown id', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const url = server.url();
  assert.is((await call(`${url}/result`, 'POST', { vtt: hello })).status, 400);
  assert.is((await call(`${url}/result`, 'POST', { id: 'x' })).status, 400);
  assert.is((await call(`${url}/result`, 'POST', { id: 7, vtt: hello })).status, 400);
  assert.is((await call(`${url}/error`, 'POST', {})).status, 400);
  assert.is((await call(`${url}/result`, 'POST', { id: 'x', vtt: hello })).status, 404);
  assert.is((await call(`${url}/error`, 'POST', { id: 'x' })).status, 404);
});

run('ignores wait, which the ancestor does not know', async () => {
  await using server = await startTestServer();
  assert.is((await call(`${server.url()}/task?wait=60`, 'GET')).status, 204);
});

run('keeps processed.csv beside the database', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3', 'b.mp3'] });
  const ids: string[] = [];
  for (const _ of [1, 2]) ids.push(String((await call(`${server.url()}/task`, 'GET')).headers['x-task-id']));
  await call(`${server.url()}/result`, 'POST', { id: ids[0], vtt: hello });
  await call(`${server.url()}/error`, 'POST', { id: ids[1], error: 'bad, "very" bad' });
  const time = new Date(server.clock.now()).toISOString();
  assert.equal((await readFile(server.folder.join('processed.csv'), 'utf8')).split('\n'), [
    'filepath,fileid,ip,datetime,error',
    `${server.inLibrary('a.mp3')},${ids[0]},127.0.0.1,${time},`,
    `${server.inLibrary('b.mp3')},${ids[1]},127.0.0.1,${time},"bad, ""very"" bad"`,
    '',
  ]);
});

run('offers a task again at once when its download breaks off', async () => {
  await using server = await startTestServer();
  await server.addRecording('big.mp3', Buffer.alloc(32 * 1024 * 1024));
  await server.restart();
  await new Promise<void>((resolve) => {
    const out = request(`${server.url()}/task`, (response) => {
      response.once('data', () => {
        response.destroy();
        resolve();
      });
    });
    out.on('error', () => {});
    out.end();
  });
  await eventually(() => server.logs.some((line) => line.msg === 'released'), 'the lease is released');
  await server.claimId();
});

run('lets a worker without heartbeats keep its task for hours', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'], env: { STT_LEGACY_LEASE_HOURS: '1' } });
  const task = await call(`${server.url()}/task`, 'GET');
  await server.passTime(59 * 60_000);
  assert.is((await server.claim()).status, 204);
  assert.not.ok(server.logs.some((line) => line.msg === 'lease lost'));
  await server.passTime(60_000 + sweepMs);
  await eventually(() => server.logs.some((line) => line.msg === 'lease lost'), 'the lease runs out');
  const late = await call(`${server.url()}/result`, 'POST', { id: task.headers['x-task-id'], vtt: hello });
  assert.is(late.status, 200);
});

run.run();
