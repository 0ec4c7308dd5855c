import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { startTestHttp, testRoute, testRoutes } from '../testing/test-http.ts';
import { sendOk, sendText } from './replies.ts';

const run = suite('limits of HTTP');

const close = 'Host: x\r\nConnection: close\r\n';
const connected = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
};

run('cuts headers that come too slowly, with 408', async () => {
  await using server = await startTestHttp({ limits: { headersMs: 200, checkEveryMs: 50 } });
  assert.match(
    await server.exchange('GET /livez HTTP/1.1\r\nHost: '),
    /^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/u,
  );
});

for (const [length, piece] of [
  ['Content-Length: 1000', 'x'],
  ['Transfer-Encoding: chunked', '1\r\nx\r\n'],
] as const)
  run(`cuts a body that drips, with 408, though something always comes (${length})`, async () => {
    await using server = await startTestHttp({ limits: { bodyMs: 300, bodyBytes: 4 * 1024 * 1024 } });
    const socket = await connected(server.port);
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    socket.write(`POST /echo HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`);
    const drip = setInterval(() => socket.write(piece), 20);
    // A drop that comes after the end is answered by a reset: an error that is none here.
    await new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
    clearInterval(drip);
    assert.match(received, /^HTTP\/1\.1 408 /u);
    assert.match(received, 'Connection: close');
    assert.is(server.http.heldBytes(), 0);
  });

run('cuts idle connections, and 200 readers that take nothing of their answers', async () => {
  // Small ones and many of them: more than the buffers on the way take.
  const long = testRoute('/long', (exchange) => sendText(exchange, 'text/plain', 'x'.repeat(200_000)));
  const limits = { idleMs: 400, keepAliveMs: 400, headersMs: 60_000, checkEveryMs: 50 };
  await using server = await startTestHttp({ routes: [long], limits });
  const openSockets = async (): Promise<number> => {
    const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
    return (await Promise.all(links)).filter((link) => link.startsWith('socket:')).length;
  };
  const before = await openSockets();
  const sockets = await Promise.all(Array.from({ length: 200 }, () => connected(server.port)));
  for (const socket of sockets.slice(1)) {
    socket.pause();
    socket.write('GET /long HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50));
  }
  await eventually(() => server.answered.length > 0, 'answers');
  assert.ok((await openSockets()) >= before + 200);
  await eventually(async () => (await openSockets()) <= before + 200, 'the server has let go of all', 20_000);
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await openSockets()) <= before, 'descriptors are back');
  assert.is((await fetch(`${server.url}/long`)).status, 200);
});

run('refuses connections beyond the limit, and says so once', async () => {
  await using server = await startTestHttp({ limits: { connections: 2 } });
  const two = [await connected(server.port), await connected(server.port)];
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (let more = 0; more < 3; more += 1) {
    const socket = await connected(server.port);
    await once(socket, 'close');
  }
  assert.is(server.logs.filter(({ msg }) => msg === 'connections are refused: too many are open').length, 1);
  for (const socket of two) socket.destroy();
  await eventually(
    async () => (await fetch(`${server.url}/livez`).catch(() => undefined))?.status === 200,
    'room again',
  );
});

run(
  'refuses bodies that together are more than it holds, keeps the connection clean, and takes them later',
  async () => {
    const held = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const hold = testRoute(
      '/hold',
      async (exchange) => {
        await exchange.readBody();
        held.resolve();
        await release.promise;
        sendOk(exchange);
      },
      { method: 'POST' },
    );
    await using server = await startTestHttp({ routes: [...testRoutes, hold], limits: { allBodiesBytes: 100_000 } });
    const post = (path: string): Promise<Response> =>
      fetch(server.url + path, { method: 'POST', body: Buffer.alloc(60_000) });
    const first = post('/hold');
    await held.promise;
    const second = await post('/echo');
    assert.is(second.status, 503);
    assert.ok(Number(second.headers.get('retry-after')) > 0);
    assert.match(await second.text(), '"code":"overloaded"');
    release.resolve();
    assert.is((await first).status, 200);
    await eventually(() => server.http.heldBytes() === 0, 'room');
    assert.equal(await (await post('/echo')).json(), { bytes: 60_000 });
  },
);

run('throws away 1 GB in chunks with flat memory, and cuts it', async () => {
  await using server = await startTestHttp();
  const socket = await connected(server.port);
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 'x'), Buffer.from('\r\n')]);
  global.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  socket.write('POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  let sent = 0;
  while (sent < 1024 && !socket.destroyed) {
    sent += 1;
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
    most = Math.max(most, process.memoryUsage.rss());
  }
  assert.match(received, /^HTTP\/1\.1 413 /u);
  assert.ok(sent < 200, `${sent} MB were taken`);
  assert.ok(most - before < 100e6, `${Math.round((most - before) / 1e6)} MB`);
});

run('holds a body of single bytes in little more than its size', async () => {
  await using server = await startTestHttp();
  const bytes = '1\r\nx\r\n'.repeat(60_000);
  const answer = await server.exchange(
    `POST /echo HTTP/1.1\r\n${close}Transfer-Encoding: chunked\r\n\r\n${bytes}0\r\n\r\n`,
  );
  assert.match(answer, '{"bytes":60000}');
  assert.is(server.http.heldBytes(), 0);
});

run('asks for a body only when the headers are acceptable', async () => {
  await using server = await startTestHttp();
  const expecting = (length: number): string =>
    `POST /echo HTTP/1.1\r\n${close}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
  const refused = await server.exchange(expecting(100_000));
  assert.match(refused, /^HTTP\/1\.1 413 /u);
  const socket = await connected(server.port);
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  socket.write(expecting(3));
  await eventually(() => received.startsWith('HTTP/1.1 100 Continue'), 'the go-ahead');
  socket.write('abc');
  await once(socket, 'close');
  assert.match(received, '{"bytes":3}');
  assert.match(await server.exchange(`POST /echo HTTP/1.1\r\n${close}Expect: coffee\r\n\r\n`), /^HTTP\/1\.1 417 /u);
});

run('cuts a body that comes on after an expectation that nobody meets', async () => {
  await using server = await startTestHttp({ limits: { lingerMs: 100 } });
  const socket = await connected(server.port);
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  socket.write('POST /echo HTTP/1.1\r\nHost: x\r\nExpect: coffee\r\nTransfer-Encoding: chunked\r\n\r\n');
  const drip = setInterval(() => socket.write('1\r\nx\r\n'), 20);
  await eventually(() => socket.closed, 'the end of the connection');
  clearInterval(drip);
  assert.match(received, /^HTTP\/1\.1 417 /u);
});

run.run();
