/** Downloads through a real forward proxy that asks for a password. */
import { readFile } from 'node:fs/promises';
import { createServer, request as forward } from 'node:http';
import { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileServer } from '../../test/support/file-server.ts';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { download } from './download.ts';
import { proxyAgents } from './proxy-agents.ts';
import { content, requestFor } from './testing/download-request.ts';

const run = suite('download through a proxy');

const credentials = 'us%40er:p%23w';

const refuseTunnel = (socket: Duplex): void => {
  socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
};

type ForwardProxy = AsyncDisposable & { url: string; asked: string[] };

/** @param tunnel what it does with who asks for a tunnel. */
async function forwardProxy(tunnel = refuseTunnel): Promise<ForwardProxy> {
  const asked: string[] = [];
  const isKnown = (header: string | undefined): boolean =>
    header === `Basic ${Buffer.from('us@er:p#w').toString('base64')}`;
  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (!isKnown(incoming.headers['proxy-authorization'])) {
      outgoing.writeHead(407).end();
      return;
    }
    const { 'proxy-authorization': _own, ...headers } = incoming.headers;
    const onward = forward(incoming.url ?? '', { headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.writeHead(502).end());
    onward.end();
  });
  server.on('connect', (incoming, socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    tunnel(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    asked,
    url: `http://${credentials}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

run('goes through it, with the password, and also where only ALL_PROXY names it', async () => {
  await using proxy = await forwardProxy();
  await using server = await fileServer((_request, response) => response.end(content));
  for (const name of ['HTTP_PROXY', 'ALL_PROXY']) {
    await using folder = await temporaryFolder();
    const request = requestFor(server, folder, { proxy: { [name]: proxy.url } });
    assert.equal(await download(request), { kind: 'done' });
    assert.equal(await readFile(request.file), content);
    assert.is(server.requests.at(-1)?.headers['proxy-authorization'], undefined);
  }
  assert.equal(proxy.asked, [`GET ${server.url}`, `GET ${server.url}`]);
});

run('understands an address without a scheme, as curl does', async () => {
  await using proxy = await forwardProxy();
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(content));
  const proxied = { HTTP_PROXY: ` ${proxy.url.replace('http://', '')} ` };
  assert.equal(await download(requestFor(server, folder, { proxy: proxied })), { kind: 'done' });
  assert.is(proxy.asked.length, 1);
});

run('asks the hosts of NO_PROXY directly', async () => {
  await using proxy = await forwardProxy();
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(content));
  const environment = { HTTP_PROXY: proxy.url, NO_PROXY: 'example.org,127.0.0.1' };
  assert.equal(await download(requestFor(server, folder, { proxy: environment })), { kind: 'done' });
  assert.equal(proxy.asked, []);
});

run('says that the proxy wants a password, and never shows one', async () => {
  await using proxy = await forwardProxy();
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(content));
  const wrong = proxy.url.replace(credentials, 'someone:hush');
  const plain = await download(requestFor(server, folder, { proxy: { HTTP_PROXY: wrong } }));
  assert.equal(plain, { kind: 'unreachable', reason: 'HTTP 407, the proxy asks for a user name and a password' });

  const url = 'https://models.example/file';
  const secure = await download(requestFor({ url }, folder, { proxy: { HTTPS_PROXY: wrong } }));
  assert.equal(secure, plain);
  assert.not.match(JSON.stringify(secure), /hush/u);
  assert.is(proxy.asked.at(-1), 'CONNECT models.example:443');

  const nobody = await download(requestFor(server, folder, { proxy: { HTTP_PROXY: 'http://a:hush@127.0.0.1:1' } }));
  assert.match(nobody.kind === 'unreachable' ? nobody.reason : '', /ECONNREFUSED/u);
  assert.is(server.requests.length, 0);
});

run('leaves no connection to a proxy that makes no tunnel, whether it refuses or keeps silent', async () => {
  await using folder = await temporaryFolder();
  const silent = { kind: 'unreachable', reason: 'the proxy made no connection in time', mayPass: true };
  for (const [answer, expected] of [
    [
      'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n',
      { kind: 'unreachable', reason: 'HTTP 407, the proxy asks for a user name and a password' },
    ],
    ['', silent],
    // The server behind it says nothing.
    ['HTTP/1.1 200 Connection established\r\n\r\n', silent],
  ] as const) {
    const closed = Promise.withResolvers<void>();
    await using proxy = await forwardProxy((socket) => {
      socket.resume().on('error', () => {});
      socket.on('close', () => closed.resolve());
      // It ends its side only after the other one did.
      socket.on('end', () => socket.end());
      socket.write(answer);
    });
    const url = 'https://models.example/file';
    const stallMs = expected === silent ? 200 : 60_000;
    assert.equal(await download(requestFor({ url }, folder, { proxy: { HTTPS_PROXY: proxy.url }, stallMs })), expected);
    await closed.promise;
  }
});

run('refuses a proxy that it cannot use, instead of going past it', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(content));
  for (const value of [
    'socks5://me:hush@127.0.0.1:1080',
    'ftp://me:hush@host',
    'http://me:hush@[',
    'http://me:hu/hush@host:3128',
    'me:x?hush@host',
  ]) {
    const error = await rejects(
      download(requestFor(server, folder, { proxy: { ALL_PROXY: value } })),
      /^ALL_PROXY names no/u,
    );
    assert.equal([error['code'], error['exitCode']], ['STT_PROXY', 78]);
    assert.not.match(error.message, /hush/u);
  }
  assert.is(server.requests.length, 0);
  // Set to nothing is not set.
  proxyAgents({ HTTP_PROXY: ' ', ALL_PROXY: '' }, 1000);
});

run.run();
