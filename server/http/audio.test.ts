// deadline: 240 s
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { readdir, readlink, truncate, utimes } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDigestHeader } from '../../src/protocol/wire.ts';
import { eventually } from '../../test/support/eventually.ts';
import { smallBytes } from '../library/look-at-recording.ts';
import { hello, offered, problemCode, startTestServer } from '../testing/test-server.ts';

const run = suite('recordings over HTTP');

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

run('sends a recording with its length, type and digest', async () => {
  await using server = await startTestServer();
  const bytes = randomBytes(3_000_000);
  await server.addRecording('a.FLAC', bytes);
  await server.restart();
  for (const _ of ['computed', 'remembered']) {
    const response = await server.claim();
    assert.is(response.headers.get('content-length'), '3000000');
    assert.is(response.headers.get('content-type'), 'audio/flac');
    assert.is(response.headers.get('accept-ranges'), 'bytes');
    assert.is(parseDigestHeader(response.headers.get('repr-digest') ?? ''), sha256(bytes));
    assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytes));
    await server.post('/release', { id: response.headers.get('x-task-id') });
  }
});

run('computes the digest of a recording once', async () => {
  await using server = await startTestServer();
  const write = async (text: string): Promise<void> => {
    await server.addRecording('a.mp3', text.repeat(smallBytes));
    await utimes(server.inLibrary('a.mp3'), 1000, 1000);
  };
  await write('first');
  await server.restart();
  const first = await server.claim();
  await server.post('/release', { id: first.headers.get('x-task-id') });
  // The same size and time: nobody reads it again to find out.
  await write('other');
  assert.is((await server.claim()).headers.get('repr-digest'), first.headers.get('repr-digest'));
});

run('resumes a download under the same lease', async () => {
  await using server = await startTestServer();
  const bytes = randomBytes(100_000);
  await server.addRecording('a.mp3', bytes);
  await server.restart();
  const id = await server.claimId();

  const part = await server.get(`/task/${id}/audio`, { Range: 'bytes=40000-' });
  assert.is(part.status, 206);
  assert.is(part.headers.get('content-range'), 'bytes 40000-99999/100000');
  assert.is(parseDigestHeader(part.headers.get('repr-digest') ?? ''), sha256(bytes));
  assert.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(40_000)));

  const head = await fetch(`${server.url()}/task/${id}/audio`, { method: 'HEAD', headers: { Range: 'bytes=40000-' } });
  assert.equal([head.status, head.headers.get('content-length')], [200, '100000'], 'only a GET has ranges');

  const whole = await server.get(`/task/${id}/audio`);
  assert.is(whole.status, 200);
  assert.ok(Buffer.from(await whole.arrayBuffer()).equals(bytes));

  const beyond = await server.get(`/task/${id}/audio`, { Range: 'bytes=100000-' });
  assert.is(beyond.status, 416);
  assert.is(beyond.headers.get('content-range'), 'bytes */100000');
});

run('refuses audio for an unknown id and for a lost lease', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  assert.is((await server.get('/task/nobody/audio')).status, 404);
  assert.is((await server.get('/task/..%2f..%2fetc/audio')).status, 404);
  const id = await server.claimId();
  await server.post('/result', { id, vtt: hello });
  const lost = await server.get(`/task/${id}/audio`);
  assert.is(lost.status, 409);
  assert.is(await problemCode(lost), 'lease_lost');
});

run('tells a worker whose recording was replaced, and queues the new one', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const id = await server.claimId();
  await server.addRecording('a.mp3', 'another one');
  assert.is(await problemCode(await server.get(`/task/${id}/audio`)), 'recording_changed');
  assert.is(await (await server.claim()).text(), 'another one');
});

run('hands out the bytes that lie there now when the scan has not seen them yet', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  await server.addRecording('a.mp3', 'newer than the scan');
  const response = await server.claim();
  assert.is(await response.text(), 'newer than the scan');
  const id = response.headers.get('x-task-id');
  assert.is((await server.post('/result', { id, vtt: hello })).status, 200);
});

run('keeps the lease of a protocol 2 worker whose download breaks off', async () => {
  await using server = await startTestServer();
  await server.addRecording('big.mp3', Buffer.alloc(32 * 1024 * 1024));
  await server.restart();
  const hangUp = new AbortController();
  const response = await server.claim('', { signal: hangUp.signal });
  hangUp.abort();
  const id = response.headers.get('x-task-id');
  assert.is((await server.post('/heartbeat', { id })).status, 200);
  const rest = await server.get(`/task/${id}/audio`, { Range: 'bytes=33554431-' });
  assert.is((await rest.arrayBuffer()).byteLength, 1);
});

run('takes a task back from a worker whose download broke off and that is not heard of again', async () => {
  await using server = await startTestServer();
  await server.addRecording('big.mp3', Buffer.alloc(32 * 1024 * 1024));
  await server.restart();
  const hangUp = new AbortController();
  const response = await server.claim('', { signal: hangUp.signal });
  hangUp.abort();
  assert.is(response.status, 200);
  await eventually(() => server.logs.some((line) => line.msg === 'answered' && line['status'] === 200), 'it broke off');
  await server.passTime(60_000);
  await eventually(() => server.logs.some((line) => line.msg === 'released'), 'the task is back');
  assert.not(server.logs.some((line) => line.msg === 'lease lost'));
});

run('takes a task back at once from an ancestor whose download broke off', async () => {
  await using server = await startTestServer();
  await server.addRecording('big.mp3', Buffer.alloc(32 * 1024 * 1024));
  await server.restart();
  const hangUp = new AbortController();
  assert.is((await fetch(`${server.url()}/task`, { signal: hangUp.signal })).status, 200);
  hangUp.abort();
  await eventually(() => server.logs.some((line) => line.msg === 'released'), 'the task is back');
});

run('takes back the task of every worker that hangs up before it has an answer', async () => {
  const recordings = Array.from({ length: 200 }, (_, index) => `${index}.mp3`);
  await using server = await startTestServer({ recordings });
  const port = Number(new URL(server.url()).port);
  let answered = 0;
  const ask = async (hangUpAfterMs: number): Promise<void> => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.once('data', () => (answered += 1));
    socket.write('GET /task HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await delay(hangUpAfterMs);
    socket.destroy();
  };
  for (let round = 0; round < 40; round += 1) {
    // From before the request is read to after the answer is sent.
    await Promise.all([0, 1, 2, 3, 4].map((ms) => ask(ms + (round % 10) / 10)));
  }
  const released = (): number => server.logs.filter((line) => line.msg === 'released').length;
  const granted = (): number => server.logs.filter((line) => line.msg === 'granted').length;
  await eventually(() => granted() === released() + answered, 'nothing is under way');
  assert.is((await offered(server)).length, 200 - answered);
});

run('takes a task back from a worker that hung up before it heard of it', async () => {
  await using server = await startTestServer({ recordings: ['huge.mp3'] });
  // Its digest takes a while; the file takes no room.
  await truncate(server.inLibrary('huge.mp3'), 2 ** 30);
  await server.restart();
  const hangUp = new AbortController();
  const claim = server.claim('', { signal: hangUp.signal });
  await eventually(() => server.logs.some((line) => line.msg === 'granted'), 'the grant');
  hangUp.abort();
  await claim.catch(() => {});
  await eventually(() => server.logs.some((line) => line.msg === 'released'), 'the task is back');
});

run('closes every recording it opened', async () => {
  if (process.platform !== 'linux') return;
  const server = await startTestServer({ recordings: ['a.mp3'] });
  const openRecordings = async (): Promise<number> => {
    const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
    return (await Promise.all(links)).filter((link) => link.includes('.mp3')).length;
  };
  for (let round = 0; round < 10; round += 1) {
    const id = await server.claimId();
    await (await server.get(`/task/${id}/audio`)).text();
    await server.get(`/task/${id}/audio`, { Range: 'bytes=1000-' });
    await server.post('/result', { id, vtt: 'no transcript' });
    await server.post('/release', { id });
  }
  await server[Symbol.asyncDispose]();
  assert.is(await openRecordings(), 0);
});

run.run();
