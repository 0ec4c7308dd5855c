import { readdir, readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileServer } from '../../test/support/file-server.ts';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { download } from './download.ts';
import { content, half, impatientClock, leavePart, rangeStart, requestFor } from './testing/download-request.ts';

const run = suite('download');

run('brings a file whole, tells how far it is, and leaves no trace of the way', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(content));
  const seen: number[] = [];
  const end = await download(requestFor(server, folder, { onProgress: (received) => seen.push(received) }));
  assert.equal(end, { kind: 'done' });
  assert.equal(await readFile(folder.join('file')), content);
  assert.equal(await readdir(folder.path), ['file']);
  assert.is(seen.at(-1), content.length);
});

run('does not ask the server for a file that is there and right, and replaces one that is damaged', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(content));
  await writeFile(folder.join('file'), content);
  await download(requestFor(server, folder));
  assert.is(server.requests.length, 0);
  await writeFile(folder.join('file'), content.subarray(1));
  await download(requestFor(server, folder));
  assert.is(server.requests.length, 1);
  assert.equal(await readFile(folder.join('file')), content);
});

run('goes on where a cut connection stopped', async () => {
  await using folder = await temporaryFolder();
  let cut = (): void => {};
  await using server = await fileServer((request, response, number) => {
    response.setHeader('etag', '"one"');
    if (number === 1) {
      cut = () => response.destroy();
      response.setHeader('content-length', content.length);
      response.write(content.subarray(0, half));
      return;
    }
    const start = rangeStart(request.headers.range);
    response.writeHead(206, { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` });
    response.end(content.subarray(start));
  });
  const request = requestFor(server, folder, { onProgress: () => cut() });
  assert.equal(await download(request), { kind: 'done' });
  assert.equal(await readFile(request.file), content);
  assert.ok(rangeStart(server.requests[1]?.headers.range) > 0);
  assert.is(server.requests[1]?.headers['if-range'], '"one"');
});

run('goes on with what an earlier run left', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => {
    response.writeHead(206, { 'content-range': `bytes ${half}-${content.length - 1}/${content.length}` });
    response.end(content.subarray(half));
  });
  const request = requestFor(server, folder);
  await leavePart(request, content.subarray(0, half), '"one"');
  assert.equal(await download(request), { kind: 'done' });
  assert.is(server.requests[0]?.headers.range, `bytes=${half}-`);
  assert.equal(await readFile(request.file), content);
});

run('starts again when the server has another file by then', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(content));
  const request = requestFor(server, folder);
  await leavePart(request, Buffer.alloc(half, 'x'), '"old"');
  assert.equal(await download(request), { kind: 'done' });
  assert.is(server.requests[0]?.headers['if-range'], '"old"');
  assert.equal(await readFile(request.file), content);
});

run(
  'starts again where the server answers with another range, or does not say with which, and not for ever',
  async () => {
    await using folder = await temporaryFolder();
    for (const range of [{ 'content-range': `bytes 0-${content.length - 1}/${content.length}` }, {}]) {
      await using server = await fileServer((request, response) => {
        if (request.headers.range !== undefined) response.writeHead(206, range);
        response.end(content);
      });
      const request = requestFor(server, folder, { file: folder.join(Object.keys(range).join()) + 'file' });
      await leavePart(request, content.subarray(0, half), '"one"');
      assert.equal(await download(request), { kind: 'done' });
      assert.is(server.requests.length, 2);
      assert.equal(await readFile(request.file), content);
    }

    await using hopeless = await fileServer((request, response) => {
      response.setHeader('etag', '"one"');
      if (request.headers.range !== undefined) {
        response.writeHead(206).end(content);
        return;
      }
      response.setHeader('content-length', content.length);
      response.write(content.subarray(0, half), () => response.destroy());
    });
    const end = await download(requestFor(hopeless, folder, { file: folder.join('b') }));
    assert.match(end.kind === 'unreachable' ? end.reason : '', /after 5 attempts/u);
    assert.is(hopeless.requests.length, 5);
  },
);

run('keeps no password of the address', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => {
    response.writeHead(200, { etag: '"one"', 'content-length': content.length });
    response.write(content.subarray(0, half), () => response.destroy());
  });
  const request = requestFor({ url: server.url.replace('//', '//me:hush@') }, folder);
  await download(request);
  const kept = await readFile(`${request.file}.part.json`, 'utf8');
  assert.match(kept, /"one/u);
  assert.not.match(kept, /hush/u);
  // It is gone on with all the same, and a part of an earlier version is not.
  assert.match(server.requests.at(-1)?.headers.range ?? '', /^bytes=/u);
  await writeFile(`${request.file}.part.json`, JSON.stringify({ url: request.url, validator: '"one"' }));
  const before = server.requests.length;
  await download(request);
  assert.is(server.requests[before]?.headers.range, undefined);
});

run('starts again when a server glues another file to the part', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((request, response) => {
    if (request.headers.range === undefined) {
      response.end(content);
      return;
    }
    response.writeHead(206, { 'content-range': `bytes ${half}-${content.length - 1}/${content.length}` });
    response.end(content.subarray(half));
  });
  const request = requestFor(server, folder);
  await leavePart(request, Buffer.alloc(half, 'x'), '"old"');
  assert.equal(await download(request), { kind: 'done' });
  assert.is(server.requests.length, 2);
  assert.equal(await readFile(request.file), content);
});

run('takes silence in the middle for a cut', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response, number) => {
    if (number > 1) {
      response.end(content);
      return;
    }
    response.setHeader('content-length', content.length);
    response.write(content.subarray(0, half));
  });
  assert.equal(await download(requestFor(server, folder, { stallMs: 200 })), { kind: 'done' });
  assert.is(server.requests.length, 2);
});

run('waits as long as Retry-After says, in seconds or as a date', async () => {
  await using folder = await temporaryFolder();
  const clock = impatientClock();
  const answers = ['7', new Date(clock.now() + 9000).toUTCString()];
  await using server = await fileServer((_request, response, number) => {
    const retryAfter = answers[number - 1];
    if (retryAfter === undefined) response.end(content);
    else response.writeHead(429, { 'retry-after': retryAfter }).end();
  });
  assert.equal(await download(requestFor(server, folder, { clock })), { kind: 'done' });
  assert.equal(clock.waits, [7000, 9000]);
});

run('gives up where it is told to wait for long, or to come again and again', async () => {
  await using folder = await temporaryFolder();
  await using patient = await fileServer((_request, response) =>
    response.writeHead(429, { 'retry-after': '3600' }).end(),
  );
  assert.equal(await download(requestFor(patient, folder)), {
    kind: 'unreachable',
    reason: 'HTTP 429, asked to wait 3600 s',
    mayPass: true,
  });

  const clock = impatientClock();
  await using broken = await fileServer((_request, response) => response.writeHead(503).end());
  assert.equal(await download(requestFor(broken, folder, { clock })), {
    kind: 'unreachable',
    reason: 'HTTP 503, after 5 attempts',
    mayPass: true,
  });
  assert.equal(clock.waits, [500, 1000, 2000, 4000]);
});

run('does not ask twice where there is no such file, or nobody listens', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.writeHead(404).end());
  assert.equal(await download(requestFor(server, folder)), { kind: 'unreachable', reason: 'HTTP 404' });
  assert.is(server.requests.length, 1);

  const clock = impatientClock();
  const end = await download(requestFor(server, folder, { url: 'http://127.0.0.1:1/x', clock }));
  assert.match(end.kind === 'unreachable' && end.mayPass === true ? end.reason : '', /ECONNREFUSED/u);
  assert.equal(clock.waits, []);
});

run('knows a web page for what it is, whatever its type says', async () => {
  await using folder = await temporaryFolder();
  for (const type of ['text/html; charset=utf-8', 'application/gzip']) {
    await using server = await fileServer((_request, response) => {
      response.setHeader('content-type', type);
      response.end('\n<!DOCTYPE html><html><body>Please log in</body></html>');
    });
    const end = await download(requestFor(server, folder));
    assert.equal(end, { kind: 'unreachable', reason: 'a web page came instead of the file' });
  }
});

run('refuses a file that is not the one expected, and keeps nothing of it', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(Buffer.alloc(1000, 'evil')));
  const error = await rejects(download(requestFor(server, folder)), /its SHA-256 differs/u);
  assert.is(error['code'], 'STT_DOWNLOAD_WRONG');
  assert.is(error['exitCode'], 65);
  assert.equal(await readdir(folder.path), []);
});

run('says of a file of another size which it has', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(Buffer.alloc(1000)));
  await rejects(
    download(requestFor(server, folder, { sizeBytes: content.length })),
    new RegExp(`not the file that is expected: it has 1000 bytes instead of ${content.length}\\.`, 'u'),
  );
});

run('stops at a file that is larger than it may be', async () => {
  await using folder = await temporaryFolder();
  await using server = await fileServer((_request, response) => response.end(content));
  const end = await download(requestFor(server, folder, { limitBytes: 1000 }));
  assert.equal(end, { kind: 'unreachable', reason: 'it is larger than 1000 bytes' });
  assert.equal(await readdir(folder.path), []);
});

run('ends at once when it is stopped', async () => {
  await using folder = await temporaryFolder();
  const stopper = new AbortController();
  await using server = await fileServer((_request, response) => {
    response.setHeader('content-length', content.length);
    response.write(content.subarray(0, half), () => stopper.abort(new Error('stopped by the test')));
  });
  await rejects(download(requestFor(server, folder, { signal: stopper.signal })), /stopped by the test/u);
});

run.run();
