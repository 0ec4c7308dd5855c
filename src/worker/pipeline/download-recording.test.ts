import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { digestHeader } from '../../protocol/wire.ts';
import { type Downloaded, downloadRecording } from './download-recording.ts';
import { createServerClient } from '../wire/server-client.ts';
import { type FakeServer, type Misbehaviour, startFakeServer } from '../testing/fake-server.ts';
import { hurriedClock } from '../testing/hurried-clock.ts';

const run = suite('downloadRecording');

const bytes = randomBytes(200_000);
const never = new AbortController().signal;

/** Tells how much of a download has reached the file. */
const arrivals = new EventEmitter();

type Attempt = { downloaded: Downloaded; written: Buffer; server: FakeServer };

/** Claims a recording from a server that misbehaves, and downloads it. */
async function download(
  how: Misbehaviour,
  more: { maxBytes?: number; signal?: AbortSignal; patienceMs?: number } = {},
): Promise<Attempt> {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(bytes);
  server.misbehave(how);
  const clock = hurriedClock();
  const client = createServerClient({ serverUrl: server.url, workerName: 'tester', credentials: undefined, clock });
  const signal = more.signal ?? never;
  const claim = await client.claim(0, signal);
  assert.ok(claim.kind === 'task');
  const file = folder.join('recording');
  const onProgress = (fraction: number): boolean => arrivals.emit('arrived', fraction);
  const downloaded = await downloadRecording({
    client,
    ...claim,
    file,
    clock,
    onProgress,
    patienceMs: 600_000,
    ...more,
    signal,
  });
  arrivals.removeAllListeners();
  return { downloaded, written: await readFile(file), server };
}

/** Answers the n-th request for audio (the claim is the first) itself. */
function atRequest(n: number, how: (...args: Parameters<Misbehaviour>) => void): Misbehaviour {
  let seen = 0;
  return (...args) => {
    seen += 1;
    if (seen !== n) return false;
    how(...args);
    return true;
  };
}

const claimHead = { 'x-task-id': 'a'.repeat(32), 'x-language': 'en', 'x-lease-seconds': '90' };

/** A claim that is answered with `sent` and then cut. */
const cutClaim = (sent: Buffer, head: Record<string, string> = {}): Misbehaviour =>
  atRequest(1, (_call, response) => {
    response.writeHead(200, { ...claimHead, 'content-length': String(bytes.length), ...head });
    response.write(sent);
    // What is still on its way when a connection breaks is lost: the test is about a client that has the first part.
    arrivals.on('arrived', (fraction: number) => {
      if (fraction * bytes.length >= sent.length) response.destroy();
    });
  });

/** After `first`, requests for the rest are answered from `bytes`. */
function thenServe(first: Misbehaviour, answer: 'range' | 'whole'): Misbehaviour {
  return (call, response) => {
    if (first(call, response)) return true;
    const from = answer === 'range' ? Number(/bytes=(\d+)-/u.exec(call.headers.range ?? '')?.[1]) : 0;
    const head: Record<string, string> = { 'content-length': String(bytes.length - from) };
    if (answer === 'range') head['content-range'] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(answer === 'range' ? 206 : 200, head).end(bytes.subarray(from));
    return true;
  };
}

run('writes the whole recording', async () => {
  const { downloaded, written } = await download(() => false);
  assert.equal(downloaded, { kind: 'downloaded' });
  assert.ok(written.equals(bytes));
});

run('resumes a download that was cut, under the same lease', async () => {
  const { downloaded, written, server } = await download(thenServe(cutClaim(bytes.subarray(0, 50_000)), 'range'));
  assert.equal(downloaded, { kind: 'downloaded' });
  assert.ok(written.equals(bytes));
  assert.is(server.calls[1]?.path, `/task/${claimHead['x-task-id']}/audio`);
  assert.is(server.calls[1]?.headers.range, 'bytes=50000-');
});

run('begins anew where the server sends all of it again', async () => {
  const { downloaded, written } = await download(thenServe(cutClaim(bytes.subarray(0, 50_000)), 'whole'));
  assert.equal(downloaded, { kind: 'downloaded' });
  assert.ok(written.equals(bytes));
});

run('fetches a damaged recording again', async () => {
  const damaged = Buffer.from(bytes);
  damaged[1000] = (damaged[1000] ?? 0) ^ 1;
  const digest = digestHeader(createHash('sha256').update(bytes).digest('hex'));
  const { downloaded, written, server } = await download(
    thenServe(
      atRequest(1, (_call, response) => response.writeHead(200, { ...claimHead, 'repr-digest': digest }).end(damaged)),
      'whole',
    ),
  );
  assert.equal(downloaded, { kind: 'downloaded' });
  assert.ok(written.equals(bytes));
  assert.is(server.calls.length, 2);
});

run('gives up on a recording that always comes damaged', async () => {
  const { downloaded } = await download((_call, response) => {
    const wrong = Buffer.alloc(32, 7).toString('base64');
    response.writeHead(200, { ...claimHead, 'content-length': '3', 'repr-digest': `sha-256=:${wrong}:` }).end('abc');
    return true;
  });
  assert.ok(downloaded.kind === 'failed');
  assert.match(downloaded.reason, /did not arrive whole: it came damaged/u);
});

run('gives up on a server that announces more than it has', async () => {
  const { downloaded } = await download((call, response) => {
    if (call.path === '/task') return cutClaim(bytes.subarray(0, 1000))(call, response);
    response.writeHead(416, { 'content-type': 'application/problem+json' }).end('{"detail":"there is no more"}');
    return true;
  });
  assert.ok(downloaded.kind === 'failed');
  assert.match(downloaded.reason, /there is no more/u);
});

run('drops the task when the lease is gone', async () => {
  const { downloaded } = await download((call, response) => {
    if (call.path === '/task') return cutClaim(bytes.subarray(0, 1000))(call, response);
    response.writeHead(404, { 'content-type': 'application/problem+json' }).end('{"detail":"unknown task"}');
    return true;
  });
  assert.equal(downloaded, { kind: 'lease_lost', reason: 'HTTP 404: unknown task' });
});

run('takes no more than the limit, announced or not', async () => {
  const announced = await download(() => false, { maxBytes: 1000 });
  assert.ok(announced.downloaded.kind === 'failed');
  assert.match(announced.downloaded.reason, 'larger than 1000 bytes');
  assert.is(announced.written.length, 0);

  const endless = await download(
    (_call, response) => {
      response.writeHead(200, claimHead);
      const pour = (): void => {
        while (response.write(bytes));
        response.once('drain', pour);
      };
      pour();
      return true;
    },
    { maxBytes: 1_000_000 },
  );
  assert.ok(endless.downloaded.kind === 'failed');
  assert.match(endless.downloaded.reason, 'larger than 1000000 bytes');
  assert.ok(endless.written.length < 1_300_000);
});

run('resumes a download that stalls', async () => {
  const stalling = atRequest(1, (_call, response) => {
    response.writeHead(200, { ...claimHead, 'content-length': String(bytes.length) }).write(bytes.subarray(0, 50_000));
  });
  const { downloaded, written, server } = await download(thenServe(stalling, 'range'));
  assert.equal(downloaded, { kind: 'downloaded' });
  assert.ok(written.equals(bytes));
  assert.is(server.calls.length, 2);
});

run('begins anew where more comes than was announced', async () => {
  const cut = cutClaim(bytes.subarray(0, 50_000));
  let asked = 0;
  const { downloaded, written } = await download((call, response) => {
    if (cut(call, response)) return true;
    asked += 1;
    if (asked > 1) return thenServe(() => false, 'whole')(call, response);
    response.writeHead(206, { 'content-range': `bytes 50000-199999/200000` }).end(Buffer.alloc(200_000));
    return true;
  });
  assert.equal(downloaded, { kind: 'downloaded' });
  assert.ok(written.equals(bytes));
});

run('waits for a server that is away or not ready, and takes the rest from it then', async () => {
  let asked = 0;
  const { downloaded, written } = await download((call, response) => {
    if (call.path === '/task') return cutClaim(bytes.subarray(0, 1000))(call, response);
    asked += 1;
    if (asked > 12) {
      const range = { 'content-range': `bytes 1000-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(206, range).end(bytes.subarray(1000));
      return true;
    }
    if (asked % 2 === 0) response.destroy();
    else response.writeHead(503, { 'retry-after': '5' }).end('not now');
    return true;
  });
  assert.is(downloaded.kind, 'downloaded');
  assert.ok(written.equals(bytes));
  assert.is(asked, 13);
});

run('says that the server is away, and blames no recording, when it has waited long enough', async () => {
  const { downloaded } = await download(
    (call, response) => {
      if (call.path === '/task') return cutClaim(bytes.subarray(0, 1000))(call, response);
      response.writeHead(502, { 'content-type': 'text/html' }).end('<html>bad gateway</html>');
      return true;
    },
    { patienceMs: 60_000 },
  );
  assert.ok(downloaded.kind === 'server_away');
  assert.match(downloaded.reason, /HTTP 502/u);
});

run('gives up on a server that sends a byte with each connection', async () => {
  const { downloaded, server } = await download((call, response) => {
    const from = Number(/bytes=(\d+)-/u.exec(call.headers.range ?? '')?.[1] ?? 0);
    const range = { 'content-range': `bytes ${from}-199999/200000` };
    response.writeHead(from === 0 ? 200 : 206, from === 0 ? { ...claimHead, 'content-length': '200000' } : range);
    response.write('x');
    setTimeout(() => response.destroy(), 20);
    return true;
  });
  assert.is(downloaded.kind, 'failed');
  assert.is(server.calls.length, 7);
});

run('does not take a full disk for a broken download', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(bytes);
  const clock = hurriedClock();
  const client = createServerClient({ serverUrl: server.url, workerName: 'tester', credentials: undefined, clock });
  const claim = await client.claim(0, never);
  assert.ok(claim.kind === 'task');
  const downloading = downloadRecording({ client, ...claim, file: '/dev/full', clock, signal: never, patienceMs: 1 });
  const error = await rejects(downloading, /cannot be written to the work folder: ENOSPC/u);
  assert.equal([error['code'], error['exitCode'], server.calls.length], ['STT_WORK_FOLDER', 74, 1]);
});

run('stops at once when asked, also when nothing comes', async () => {
  const stop = new AbortController();
  const attempt = download(
    (_call, response) => {
      response.writeHead(200, { ...claimHead, 'content-length': '1000' }).write('abc');
      setTimeout(() => stop.abort(new Error('enough')), 50);
      return true;
    },
    { signal: stop.signal },
  );
  await rejects(attempt, /enough/u);
});

run.run();
