/** Servers, disks and neighbours that a download has to get along with. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setDefaultCACertificates } from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileServer } from '../../test/support/file-server.ts';
import { rejects } from '../../test/support/rejects.ts';
import { canMount, smallDisk } from '../../test/support/small-disk.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { runChild } from '../run-child.ts';
import { download, placeOf } from './download.ts';
import { content, half, impatientClock, leavePart, rangeStart, requestFor } from './testing/download-request.ts';

const run = suite('download: hostile servers');

run('takes a SHA-1 where nobody publishes more', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(content));
  const { sha256: _none, ...request } = requestFor(server, folder);
  const sha1 = createHash('sha1').update(content).digest('hex');
  assert.equal(await download({ ...request, sha1 }), { kind: 'done' });
  await rejects(download({ ...request, file: folder.join('b'), sha1: sha1.replace(/^./u, 'x') }), /its SHA-1 differs/u);
});

run('follows a redirect to another host, and goes on there', async () => {
  await using folder = await temporaryFolder();
  await using store = await fileServer((request, response) => {
    const start = rangeStart(request.headers.range);
    response.writeHead(206, { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` });
    response.end(content.subarray(start));
  });
  await using server = await fileServer((_request, response) =>
    response.writeHead(302, { location: store.url.replace('127.0.0.1', 'localhost') }).end(),
  );
  const request = requestFor(server, folder);
  await leavePart(request, content.subarray(0, half), '"one"');
  assert.equal(await download(request), { kind: 'done' });
  assert.is(store.requests[0]?.headers['if-range'], '"one"');
  assert.equal(await readFile(request.file), content);
});

run('gives up on redirects in a circle at once, also where it goes on with a part', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.writeHead(302, { location: '/again' }).end());
  const circle = { kind: 'unreachable', reason: 'more than 5 redirects' };
  assert.equal(await download(requestFor(server, folder)), circle);
  const request = requestFor(server, folder);
  await leavePart(request, content.subarray(0, half), '"one"');
  const before = server.requests.length;
  assert.equal(await download(request), circle);
  assert.is(server.requests.length - before, 6);
});

run('refuses to leave https, or to go where no server is', async () => {
  await using folder = await temporaryFolder();
  await using plain = await fileServer((_request, response) => response.end(content));
  await using secure = await httpsServer(folder, plain.url);
  assert.equal(await download(requestFor(secure, folder)), {
    kind: 'unreachable',
    reason: 'it was redirected from https to http',
  });
  assert.is(plain.requests.length, 0);

  await using elsewhere = await fileServer((_request, response) =>
    response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  );
  assert.is((await download(requestFor(elsewhere, folder))).kind, 'unreachable');
});

run('asks for the rest and gets the whole: it takes the whole', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(content));
  const request = requestFor(server, folder);
  await leavePart(request, content.subarray(0, half), '"one"');
  assert.equal(await download(request), { kind: 'done' });
  assert.is(server.requests[0]?.headers.range, `bytes=${half}-`);
  assert.equal(await readFile(request.file), content);
});

run('a web page in between does not cost what came before', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => {
    response.setHeader('content-type', 'application/octet-stream');
    response.end('<html>Please log in</html>');
  });
  const request = requestFor(server, folder);
  await leavePart(request, content.subarray(0, half), '"one"');
  assert.is((await download(request)).kind, 'unreachable');
  assert.is((await readFile(`${request.file}.part`)).length, half);
});

run('does not begin with a file that says itself that it is too large', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => {
    response.setHeader('content-length', 5_000_000);
    response.flushHeaders();
  });
  const seen: number[] = [];
  const end = await download(requestFor(server, folder, { onProgress: (received) => seen.push(received) }));
  assert.equal(end, { kind: 'unreachable', reason: 'it is larger than 1000000 bytes' });
  assert.equal([seen, await readdir(folder.path)], [[], []]);
});

run('cuts that bring the file on do not count, others do', async () => {
  await using folder = await temporaryFolder();
  const large = Buffer.alloc(9 * 1024 ** 2, 'model');
  let cut = (): void => {};
  const pieceBytes = 1.2 * 1024 ** 2;
  await using server = await fileServer((request, response, number) => {
    const start = number === 1 ? 0 : rangeStart(request.headers.range);
    const range = { 'content-range': `bytes ${start}-${large.length - 1}/${large.length}` };
    response.writeHead(number === 1 ? 200 : 206, { ...range, etag: '"one"', 'content-length': large.length - start });
    cut = () => response.destroy();
    response.write(large.subarray(start, start + pieceBytes));
    if (start + pieceBytes >= large.length) response.end();
  });
  let reached = 0;
  const onProgress = (received: number): void => {
    if (received < reached + pieceBytes - 1 && received < large.length) return;
    reached = received;
    if (received < large.length) cut();
  };
  const request = requestFor(server, folder, { limitBytes: large.length, onProgress }, large);
  assert.equal(await download(request), { kind: 'done' });
  assert.is(server.requests.length, 8);

  // This one never gets further.
  await using stuck = await fileServer((_request, response) => {
    response.writeHead(200, { 'content-length': large.length });
    response.write(large.subarray(0, pieceBytes), () => response.destroy());
  });
  const end = await download(requestFor(stuck, folder, { limitBytes: large.length, file: folder.join('b') }, large));
  assert.match(end.kind === 'unreachable' ? end.reason : '', /after 5 attempts/u);
  assert.ok(stuck.requests.length <= 6);
});

run('a disk that fills up is said, and what came is kept', async () => {
  await using folder = await temporaryFolder();
  if (!(await canMount(folder.path))) return console.log('skipped: mounting is not allowed here');
  await using disk = await smallDisk(folder.join('disk'), 100_000);
  await using server = await fileServer((_request, response) => {
    response.setHeader('etag', '"one"');
    response.end(content);
  });
  const error = await rejects(
    download(requestFor(server, folder, { file: `${disk.path}/file` })),
    /no room left in .*disk/u,
  );
  assert.equal([error['code'], error['exitCode']], ['STT_DISK_FULL', 74]);
  const left = await readdir(disk.path);
  assert.ok(left.includes('file.part') && !left.includes('file') && !left.includes('file.lock'), left.join());
});

run('the second download of a file says who is at it, and both come to an end', async () => {
  await using folder = await temporaryFolder();
  let goOn = (): void => {};
  const asked = Promise.withResolvers<void>();
  await using server = await fileServer((_request, response) => {
    goOn = () => response.end(content);
    asked.resolve();
  });
  const request = requestFor(server, folder);
  const first = download(request);
  await asked.promise;
  const error = await rejects(download(request), new RegExp(`file is being downloaded by process ${process.pid}`, 'u'));
  assert.equal([error['code'], error['exitCode']], ['STT_DOWNLOAD_RUNNING', 75]);
  goOn();
  assert.equal(await first, { kind: 'done' });
  assert.equal(await download(request), { kind: 'done' });
  assert.equal(await readdir(folder.path), ['file']);
});

run('shows neither the password nor the key in an address', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end('something else'));
  const url = `${server.url.replace('//', '//me:hush@')}?signature=hush`;
  const error = await rejects(download(requestFor({ url }, folder)), /is not the file that is expected/u);
  assert.not.match(`${error.message}${String(error['hint'])}`, /hush/u);
  assert.is(placeOf('https://h/a?b=c#d'), 'https://h/a');
  for (const password of ['hush', '12/hush', 'a@hush', '12?hush', '#hush', 'hu"s\\h'])
    assert.is(placeOf(`https://me:${password}@h/a`), 'https://***@h/a');
  const end = await download(requestFor({ url: 'http://me:hush@127.0.0.1:1/x' }, folder, { clock: impatientClock() }));
  assert.not.match(JSON.stringify(end), /hush/u);
});

/** Redirects to `location`. Its certificate is trusted from now on, in this process. */
async function httpsServer(folder: TemporaryFolder, location: string): Promise<AsyncDisposable & { url: string }> {
  const [keyFile, certFile] = [folder.join('key.pem'), folder.join('cert.pem')];
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  await runChild({ file: 'openssl', args: [...kind, ...name, '-keyout', keyFile, '-out', certFile] });
  const [key, cert] = [await readFile(keyFile), await readFile(certFile, 'utf8')];
  setDefaultCACertificates([cert]);
  const server = createServer({ key, cert }, (_request, response) => response.writeHead(302, { location }).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}/file`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

run.run();
