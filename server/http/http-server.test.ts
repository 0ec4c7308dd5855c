import { once } from 'node:events';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { startTestHttp, testRoute, testRoutes } from '../testing/test-http.ts';
import { sendJson, sendOk } from './replies.ts';

const run = suite('http server');

const ask = (target: string, more = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n`;

run('routes absolute targets by their path, and takes nothing that only looks like one', async () => {
  await using server = await startTestHttp();
  for (const target of ['/livez', '/livez?x=1', 'http://other.example/livez', 'HTTPS://other.example:1/livez?x']) {
    assert.match(await server.exchange(ask(target)), /^HTTP\/1\.1 200 /u, target);
  }
  const wrong = [
    '//livez',
    '/livez/',
    '/../livez',
    '/%2e%2e/livez',
    '/livez%00',
    '/%6civez',
    'http://host',
    'ftp://h/livez',
  ];
  for (const target of wrong) {
    const answer = await server.exchange(ask(target));
    assert.match(answer, /^HTTP\/1\.1 404 [\s\S]*application\/problem\+json[\s\S]*"code":"not_found"/u, target);
  }
});

run('answers what is no request in problem+json, with the right status', async () => {
  await using server = await startTestHttp();
  const cases: [string, number][] = [
    ['hello?\r\n\r\n', 400],
    ['BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n', 501],
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n', 400],
    ['CONNECT other:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
    ['PROPFIND /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405],
  ];
  for (const [bytes, status] of cases) {
    const answer = await server.exchange(bytes);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `, 'u'), bytes.slice(0, 60));
    assert.match(head, 'application/problem+json');
    assert.match(head, /x-request-id: /iu);
    assert.is((JSON.parse(body) as { status: number }).status, status);
  }
  assert.is((await fetch(`${server.url}/livez`)).status, 200);
});

run('survives clients that leave in the middle of anything', async () => {
  await using server = await startTestHttp();
  for (const bytes of [
    'GET /liv',
    'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc',
    'nonsense\r\n\r\n',
  ]) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(bytes);
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.resetAndDestroy();
  }
  await eventually(() => server.logs.some(({ msg }) => msg === 'the client hung up'), 'the half body is noticed');
  assert.is((await fetch(`${server.url}/livez`)).status, 200);
  assert.is(server.http.heldBytes(), 0);
});

run('answers HEAD where GET is safe', async () => {
  await using server = await startTestHttp();
  const head = await fetch(`${server.url}/livez`, { method: 'HEAD' });
  assert.is(head.status, 200);
  assert.is(head.headers.get('content-length'), '15');
  const refused = await fetch(`${server.url}/worker`, { method: 'HEAD' });
  assert.is(refused.status, 405);
  assert.is(refused.headers.get('allow'), 'GET');
});

run('names every request in its answer, its problem and its lines in the log', async () => {
  const said = testRoute('/say', ({ log, response }) => {
    log.info('something\n{"level":60}');
    response.end();
    throw new Error('after the answer');
  });
  await using server = await startTestHttp({ routes: [...testRoutes, said] });
  const one = await fetch(`${server.url}/nothing?token=secret`);
  const id = one.headers.get('x-request-id') ?? '';
  assert.match(id, /^[\w-]+$/u);
  assert.match(await one.text(), id);
  await eventually(() => server.logs.some((line) => line['requestId'] === id), 'its line');
  assert.not.match(JSON.stringify(server.logs), 'secret');
  const foreign = await fetch(`${server.url}/livez`, { headers: { 'X-Request-ID': 'mine' } });
  assert.is.not(foreign.headers.get('x-request-id'), 'mine');
  await (await fetch(`${server.url}/say`)).text();
  const line = await eventually(() => server.logs.find(({ msg }) => String(msg).startsWith('something')), 'the line');
  assert.ok(line['requestId']);
  const answered = await eventually(() => server.answered.find(({ route }) => route === '/livez'), 'counted');
  assert.equal([answered.method, answered.status], ['GET', 200]);
});

run('takes the id of a request over from a trusted proxy, where it is harmless', async () => {
  await using server = await startTestHttp({ trustedProxies: ['127.0.0.1'] });
  const idFor = async (id: string): Promise<string | null> =>
    (await fetch(`${server.url}/livez`, { headers: { 'X-Request-ID': id } })).headers.get('x-request-id');
  assert.is(await idFor('abc-1'), 'abc-1');
  assert.is.not(await idFor('"}{'), '"}{');
  assert.is.not(await idFor('x'.repeat(200)), 'x'.repeat(200));
});

run('hears of a client that hangs up, before and after it listens', async () => {
  const seen: Record<string, boolean> = {};
  const later = testRoute('/later', async ({ response, request, gone }) => {
    await Promise.race([once(gone, 'abort'), new Promise((resolve) => setTimeout(resolve, 5000).unref())]);
    seen['after'] = gone.aborted;
    seen['closed'] = response.destroyed && request.destroyed;
  });
  const before = testRoute('/before', async (exchange) => {
    await once(exchange.request.socket, 'close');
    seen['before'] = exchange.gone.aborted;
  });
  const started = testRoute('/started', async ({ response, gone }) => {
    response.writeHead(200);
    response.write('x');
    await once(gone, 'abort');
    seen['started'] = true;
  });
  await using server = await startTestHttp({ routes: [later, before, started] });
  for (const path of ['later', 'before', 'started']) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(`GET /${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
  }
  await eventually(() => seen['after'] && seen['before'] && seen['started'], JSON.stringify(seen));
  let isGone = true;
  const whole = testRoute('/whole', (exchange) => {
    const { gone } = exchange;
    exchange.response.once('close', () => (isGone = gone.aborted));
    sendOk(exchange);
  });
  await using other = await startTestHttp({ routes: [whole] });
  await (await fetch(`${other.url}/whole`)).text();
  await eventually(() => !isGone, 'a whole answer is no hang-up');
});

run('ends in order: uploads are finished, downloads cut after their time, idle connections at once', async () => {
  const endless = testRoute('/endless', async ({ response, gone }) => {
    response.writeHead(200);
    response.write('x');
    await once(gone, 'abort');
  });
  await using server = await startTestHttp({
    routes: [...testRoutes, endless],
    limits: { downloadGraceMs: 200, uploadGraceMs: 10_000 },
  });
  const idle = connect(server.port, '127.0.0.1');
  await once(idle, 'connect');
  idle.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(idle, 'data');
  const download = fetch(`${server.url}/endless`).then((response) => response.text());
  const upload = connect(server.port, '127.0.0.1');
  const answered = once(upload, 'close');
  let received = '';
  upload.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  upload.write('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc');
  await eventually(() => server.http.heldBytes() > 0, 'the upload has begun');
  const started = performance.now();
  const closed = server.http.close();
  await once(idle, 'close');
  assert.ok(performance.now() - started < 150, 'idle connections wait for nobody');
  assert.is(await download.catch(() => 'cut'), 'cut');
  upload.write('def');
  await closed;
  await answered;
  assert.match(received, /^HTTP\/1\.1 200 [\s\S]*Connection: close[\s\S]*\{"bytes":6\}/u);
});

run('ends at once when it is told so', async () => {
  const stuck = testRoute('/stuck', ({ gone }) => once(gone, 'abort').then(() => {}));
  await using server = await startTestHttp({ routes: [stuck] });
  const asked = fetch(`${server.url}/stuck`).catch(() => 'cut');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await server.http.close(AbortSignal.timeout(50));
  assert.is(await asked, 'cut');
});

run('finds routes by method and path, one parameter in it', async () => {
  const item = testRoute('/things/:id', (exchange) => sendJson(exchange, 200, { id: exchange.id }));
  const retry = testRoute('/things/:id/retry', (exchange) => sendJson(exchange, 200, { retried: exchange.id }), {
    method: 'POST',
  });
  await using server = await startTestHttp({ routes: [item, retry] });
  assert.equal(await (await fetch(`${server.url}/things/7`)).json(), { id: '7' });
  assert.equal(await (await fetch(`${server.url}/things/7/retry`, { method: 'POST' })).json(), { retried: '7' });
  for (const path of ['/things/', '/things', '/things/7/', '/things/7/8']) {
    assert.is((await fetch(server.url + path)).status, 404, path);
  }
  assert.is((await fetch(`${server.url}/things/7/retry`)).headers.get('allow'), 'POST');
});

run.run();
