import { once } from 'node:events';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { longestBodyBytes } from '../../src/protocol/wire.ts';
import { openDatabase } from '../queue/sqlite/open-database.ts';
import { hello, problemCode, startTestServer } from '../testing/test-server.ts';

const run = suite('bad requests');

/** Sends these bytes and returns all that comes back. */
async function exchange(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  // Not `end`: whoever closes its side counts as gone, as one that hung up while it waits for a task.
  socket.write(bytes);
  await once(socket, 'close');
  return received;
}

run('answers 404 to unknown paths, in problem+json', async () => {
  await using server = await startTestServer();
  for (const path of ['/', '/tasks', '/task/', '/task/x/y', '/task%00']) {
    const response = await server.get(path);
    assert.is(response.status, 404, path);
    assert.is(response.headers.get('content-type'), 'application/problem+json');
    const body = (await response.json()) as Record<string, unknown>;
    assert.equal([body['status'], body['code'], body['type']], [404, 'not_found', 'about:blank']);
  }
});

run('answers 404 to paths that climb, as they were written', async () => {
  await using server = await startTestServer();
  for (const path of ['/../etc/passwd', '/%2e%2e/x', '/task/../../etc/passwd', '/task/%2e%2e/audio']) {
    const answer = await exchange(server.url(), `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 404 /u, path);
    assert.match(answer, '"status":404');
  }
});

run('asks for patience while another program holds the task database', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const { db } = openDatabase(server.folder.join('tasks.sqlite'));
  db.exec('BEGIN IMMEDIATE');
  const patience = await server.claim();
  db.exec('ROLLBACK');
  db.close();
  assert.is(patience.status, 503);
  assert.ok(Number(patience.headers.get('retry-after')) > 0);
  assert.is(await problemCode(patience), 'not_ready');
  assert.is((await server.claim()).status, 200);
});

run('answers 405 to a wrong method and says which are right', async () => {
  await using server = await startTestServer();
  const posted = await server.post('/task', {});
  assert.is(posted.status, 405);
  assert.is(posted.headers.get('allow'), 'GET');
  const got = await server.get('/result');
  assert.is(got.status, 405);
  assert.is(got.headers.get('allow'), 'POST');
  assert.is(await problemCode(got), 'method_not_allowed');
});

run('answers 400 to what is no JSON, or not the right JSON', async () => {
  await using server = await startTestServer();
  const bodies = ['', '{', '[]', 'null', '"text"', '{"id":{}}', `{"id":"x","vtt":${JSON.stringify([hello])}}`];
  for (const body of [...bodies, '['.repeat(100_000)]) {
    const response = await fetch(`${server.url()}/result`, { method: 'POST', body, headers: { 'Content-Type': '' } });
    assert.is(response.status, 400, body.slice(0, 50));
    assert.is(await problemCode(response), 'bad_request');
  }
});

run('answers 400 to text that is not UTF-8', async () => {
  await using server = await startTestServer();
  const body = Buffer.from('{"id":"\xff"}', 'latin1');
  const response = await fetch(`${server.url()}/error`, { method: 'POST', body });
  assert.is(response.status, 400);
});

run('answers 400 to a prototype in disguise, and is not changed by it', async () => {
  await using server = await startTestServer();
  const body = '{"__proto__":{"id":"x","vtt":"y"},"constructor":{"prototype":{"id":"x"}}}';
  const headers = { 'Content-Type': 'application/json' };
  assert.is((await fetch(`${server.url()}/result`, { method: 'POST', body, headers })).status, 400);
  assert.is(({} as Record<string, unknown>)['id'], undefined);
});

run('answers 400 to a key that is there twice, and to nesting without end', async () => {
  await using server = await startTestServer();
  const headers = { 'Content-Type': 'application/json' };
  for (const body of ['{"id":"a","id":"b"}', `{"id":"a","x":${'['.repeat(1000)}${']'.repeat(1000)}}`]) {
    for (const path of ['/error', '/heartbeat', '/release', '/result']) {
      const response = await fetch(server.url() + path, { method: 'POST', body, headers });
      assert.is(response.status, 400, path);
      assert.is(await problemCode(response), 'bad_request');
    }
  }
});

run('takes small messages only where nothing else is said', async () => {
  await using server = await startTestServer();
  const message = { id: 'x', error: 'y'.repeat(70_000) };
  assert.is((await server.post('/error', message)).status, 413);
});

run('answers 413 to a body that is too large, with and without its length announced', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const id = await server.claimId();
  const announced = await server.post('/result', { id, vtt: 'x'.repeat(longestBodyBytes) });
  assert.is(announced.status, 413);
  assert.is(await problemCode(announced), 'body_too_large');
  let sent = 0;
  const endless = new ReadableStream({
    pull(controller) {
      sent += 1024 * 1024;
      if (sent > 2 * longestBodyBytes) controller.close();
      else controller.enqueue(Buffer.alloc(1024 * 1024, 'x'));
    },
  });
  const headers = { 'Content-Type': 'application/json' };
  const chunked = await fetch(`${server.url()}/result`, { method: 'POST', body: endless, duplex: 'half', headers });
  assert.is(chunked.status, 413);
  assert.is((await server.post('/result', { id, vtt: hello })).status, 200);
});

run('answers 415 to what says that it is not JSON, or is compressed', async () => {
  await using server = await startTestServer();
  for (const headers of [
    { 'Content-Type': 'text/html' },
    { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
  ]) {
    const response = await fetch(`${server.url()}/error`, { method: 'POST', body: '{"id":"x"}', headers });
    assert.is(response.status, 415);
    assert.is(await problemCode(response), 'unsupported_media_type');
  }
  const problem = { 'Content-Type': 'Application/JSON; charset=utf-8' };
  assert.is(
    (await fetch(`${server.url()}/error`, { method: 'POST', body: '{"id":"x"}', headers: problem })).status,
    404,
  );
});

run('answers what is not HTTP, and headers without end', async () => {
  await using server = await startTestServer();
  assert.match(await exchange(server.url(), 'hello?\r\n\r\n'), /^HTTP\/1\.1 400 /u);
  assert.match(await exchange(server.url(), `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`), /^HTTP\/1\.1 431 /u);
  const both = 'POST /result HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
  assert.match(await exchange(server.url(), both), /^HTTP\/1\.1 400 /u);
  assert.is((await server.get('/livez')).status, 200);
});

run('says that it lives, and whether it is ready', async () => {
  await using server = await startTestServer();
  assert.equal(await (await server.get('/livez')).json(), { status: 'ok' });
  const ready = await server.get('/readyz');
  assert.equal(await ready.json(), { status: 'ok' });
  assert.is(ready.headers.get('x-stt-protocol'), '2');
});

run.run();
