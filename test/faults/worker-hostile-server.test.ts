/**
 * A server that lies, pours, redirects, or is not one: the worker lives, says what is wrong, keeps its memory, its disk and its
 * credentials, and works on as soon as it is answered in order. Real workers, but for the one whose minutes are hurried.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakeCall, type FakeServer, startFakeServer } from '../../src/worker/testing/fake-server.ts';
import { hurriedClock } from '../../src/worker/testing/hurried-clock.ts';
import { startWorker } from '../../src/worker/testing/start-worker.ts';
import { eventually } from '../support/eventually.ts';
import { canMount, smallDisk } from '../support/small-disk.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { type FaultWorker, startFaultWorker } from './fault-worker.ts';
import { scriptedEngine, type ScriptedEngine } from './scripted-engine.ts';
import { recordingNumber } from './worker-scene.ts';

const hostile = suite('a hostile server');

const mebibyte = 1024 ** 2;
/** A worker at rest holds some 90 MB. */
const mostMemoryBytes = 200 * mebibyte;
const password = 'nobody-must-hear-this';

type Site = AsyncDisposable & {
  folder: TemporaryFolder;
  dataFolder: string;
  engine: ScriptedEngine;
  worker: FaultWorker;
};

/** A worker that could write in its working folder, its home and the folder for temporary files, and must not. */
async function openSite(server: FakeServer, folder: TemporaryFolder, args: readonly string[] = []): Promise<Site> {
  const dataFolder = folder.join('data');
  for (const name of ['data', 'home', 'tmp', 'cwd']) await mkdir(folder.join(name), { recursive: true });
  const engine = scriptedEngine(folder.join('whisper-cli'));
  const worker = startFaultWorker({
    dataFolder,
    serverUrl: server.url,
    engineFile: engine.file,
    args,
    workingFolder: folder.join('cwd'),
    env: {
      HOME: folder.join('home'),
      TMPDIR: folder.join('tmp'),
      AUTH_ENABLED: 'true',
      USERNAME: 'worker',
      PASSWORD: password,
    },
  });
  await worker.saw('started');
  return { folder, dataFolder, engine, worker, [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose]() };
}

function assertHarmless({ folder, dataFolder, worker }: Site): void {
  const most = Math.round(worker.mostMemoryBytes() / mebibyte);
  assert.ok(worker.mostMemoryBytes() < mostMemoryBytes, `the worker held ${most} MiB`);
  assert.ok(most > 0, 'its memory was looked at');
  const outside = readdirSync(folder.path, { recursive: true })
    .map(String)
    .filter((name) => !/^(?:data(?:\/.*)?|home|tmp|cwd|whisper-cli[.\w]*)$/u.test(name));
  assert.equal(outside, [], 'something was written outside the data folder');
  const escaped = [path.dirname(folder.path), dataFolder, path.join(dataFolder, 'worker')].map((at) => path.join(at, 'x'));
  assert.equal(escaped.filter((file) => existsSync(file)), []);
  assert.not.match(`${worker.complaints()}${JSON.stringify(worker.events)}`, password);
}

const isClaim = ({ path: called }: FakeCall): boolean => /^\/task(?:\?|$)/u.test(called);

/** A task in the server's books, answered with these headers instead of the right ones. */
function giveTask(
  server: FakeServer,
  response: ServerResponse,
  bytes: Buffer,
  headers: Record<string, string> = {},
  id = randomBytes(16).toString('hex'),
): string {
  server.leases.set(id, { bytes, language: 'en' });
  response.writeHead(200, {
    'x-task-id': id,
    'x-language': 'en',
    'x-lease-seconds': '90',
    'content-length': String(bytes.length),
    ...headers,
  });
  response.end(bytes);
  return id;
}

const plainTask = 'HTTP/1.1 200 OK\r\nX-Language: en\r\nContent-Length: 1\r\n';

hostile('no task, or none that can be: said once, and never for long', async () => {
  await using folder = await temporaryFolder();
  await using honeypot = await startFakeServer({ flavour: 'protocol 2' });
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await using site = await openSite(server, folder);
  const { worker, engine } = site;
  const html = { 'content-type': 'text/html' };
  const askedAt: number[] = [];
  const answers: [name: string, answer: (response: ServerResponse) => unknown, said: RegExp][] = [
    ['HTML', (response) => response.writeHead(200, html).end('<h1>Router</h1>'), /not from stt-server \(text\/html\)/u],
    ['401', (response) => response.writeHead(401, html).end('<h1>No</h1>'), /HTTP 401.*USERNAME and PASSWORD/u],
    ['404', (response) => response.writeHead(404, html).end('<h1>No</h1>'), /HTTP 404.*is SERVER_URL right/u],
    ['500', (response) => response.writeHead(500).end('Traceback (most recent call last)'), /HTTP 500/u],
    [
      'redirect',
      (response) => response.writeHead(302, { location: `${honeypot.url}/task` }).end(),
      /redirects to http:.*set SERVER_URL/u,
    ],
    ['an id that climbs', (response) => giveTask(server, response, Buffer.from('x'), {}, '../../x'), /not from stt-server/u],
    [
      'an id without end',
      (response) => giveTask(server, response, Buffer.from('x'), {}, 'a'.repeat(5000)),
      /not from stt-server/u,
    ],
    [
      'an id of control characters',
      (response) => response.socket?.end(`${plainTask}X-Task-ID: a\u0007\u001b[31mb\r\n\r\nx`, 'latin1'),
      /header|parse/iu,
    ],
    [
      'headers without end',
      (response) => response.socket?.end(`${plainTask}X-Task-ID: ${'a'.repeat(100_000)}\r\n\r\nx`, 'latin1'),
      /header/iu,
    ],
    ['nothing', (response) => response.socket?.destroy(), /socket hang up|ECONNRESET/u],
    [
      '429 with Retry-After',
      (response) => {
        askedAt.push(performance.now());
        response.writeHead(429, { 'retry-after': '2' }).end();
      },
      /HTTP 429/u,
    ],
  ];
  for (const [index, [name, answer, said]] of answers.entries()) {
    server.misbehave((call, response) => {
      if (!isClaim(call)) return false;
      answer(response);
      return true;
    });
    // The claim that waits already is answered as it should be.
    server.add(recordingNumber(index));
    await eventually(() => worker.all('server_away').length > index, `${name} is told\n${worker.complaints()}`);
    assert.match(worker.all('server_away')[index]?.reason ?? '', said, name);
    const isRetryAfter = askedAt.length > 0;
    server.misbehave((call) => {
      if (isRetryAfter && isClaim(call)) askedAt.push(performance.now());
      return false;
    });
    await eventually(() => worker.all('transcribed').length === index + 1, `goes on after ${name}`);
  }
  await eventually(() => askedAt.length > 1, 'it asks again after the 429');
  assert.ok((askedAt[1] ?? 0) - (askedAt[0] ?? 0) >= 2000, 'it asked sooner than it was told to');
  assert.is(worker.all('server_away').length, answers.length);
  assert.equal(worker.all('failed'), []);
  assert.is(engine.runsOnRecordings().length, answers.length);
  assert.is(honeypot.calls.length, 0);
  assert.ok(server.calls.every(({ headers }) => headers.authorization !== undefined));
  assertHarmless(site);
});

hostile('one that takes no transcript: kept, and neither carried elsewhere nor pressed upon it', async () => {
  await using folder = await temporaryFolder();
  await using honeypot = await startFakeServer({ flavour: 'protocol 2' });
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const sentAt: number[] = [];
  const answers: ((response: ServerResponse) => unknown)[] = [
    (response) => response.writeHead(307, { location: `${honeypot.url}/result` }).end(),
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Thank you!</h1>'),
    (response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>No</h1>'),
    (response) => response.writeHead(429, { 'retry-after': '2' }).end(),
  ];
  server.misbehave(({ path: called }, response) => {
    if (called !== '/result') return false;
    sentAt.push(performance.now());
    const answer = answers.shift();
    answer?.(response);
    return answer !== undefined;
  });
  server.add(recordingNumber(1));
  await using site = await openSite(server, folder);
  await site.worker.saw('delivered', undefined, 30_000);
  assert.is(sentAt.length, 5);
  assert.ok((sentAt[4] ?? 0) - (sentAt[3] ?? 0) >= 2000, 'it was sent sooner than the server said');
  assert.equal([site.worker.all('refused'), site.engine.runsOnRecordings().length], [[], 1]);
  assert.is(honeypot.calls.length, 0);
  assertHarmless(site);
});

hostile('headers that lie about lease and language', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const lies: Record<string, string>[] = [
    { 'x-lease-seconds': '-1' },
    { 'x-lease-seconds': 'NaN' },
    { 'x-lease-seconds': '1e99' },
    { 'x-lease-seconds': '0.000001' },
    { 'x-language': '-f /etc/passwd' },
    { 'x-language': 'x'.repeat(10_000) },
    { 'x-language': '../../../etc/passwd' },
  ];
  const left = [...lies];
  server.misbehave((call, response) => {
    if (!isClaim(call)) return false;
    const headers = left.shift();
    if (headers === undefined) return false;
    giveTask(server, response, recordingNumber(left.length), headers);
    return true;
  });
  await using site = await openSite(server, folder, ['--until-empty']);
  const { exitCode } = await site.worker.ended;
  assert.is(exitCode, 65, site.worker.complaints());
  assert.is(site.worker.all('transcribed').length, 4);
  const failed = site.worker.all('failed');
  assert.equal(failed.map(({ fault }) => fault), ['recording', 'recording', 'recording']);
  for (const { reason } of failed) assert.match(reason, /^Whisper knows no language ".{1,40}"\.$/u);
  for (const { args } of site.engine.runs()) {
    assert.not.match(args.join(' '), '/etc/passwd');
    assert.is(args[args.indexOf('--language') + 1], 'en');
  }
  assert.ok(server.callsOf('heartbeat').length < 20, `${server.callsOf('heartbeat').length} heartbeats`);
  assertHarmless(site);
});

hostile('lengths and digests that lie: fetched again, and failed after the limit', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const bytes = recordingNumber(1);
  const digest = `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`;
  const wrong = `sha-256=:${createHash('sha256').update('another').digest('base64')}:`;
  const shorter = { 'content-length': '20000', 'repr-digest': digest };
  const longer = { 'content-length': String(bytes.length + 1000), 'repr-digest': digest };
  const ids: string[] = [];
  const lies = [shorter, longer, { 'repr-digest': wrong }];
  server.misbehave((call, response) => {
    if (!isClaim(call)) return false;
    const headers = lies.shift();
    if (headers === undefined) return false;
    response.strictContentLength = false;
    ids.push(giveTask(server, response, bytes, headers));
    if (headers === longer) response.socket?.end();
    return true;
  });
  await using worker = await startWorker({
    serverUrl: server.url,
    mode: 'until_empty',
    clock: hurriedClock(),
    env: { STT_PREFETCH: '3' },
  });
  const summary = await worker.ended;
  assert.equal([summary.failed, summary.transcribed, summary.handedBack], [3, 0, 0]);
  const said = ids.map((id) => String(server.callsOf('error').find(({ body }) => body['id'] === id)?.body['error']));
  assert.match(said[0] ?? '', /did not arrive whole: (?:more came than the 20000 bytes announced|it came damaged)/u);
  assert.match(said[1] ?? '', /did not arrive whole: /u);
  assert.match(said[2] ?? '', /did not arrive whole: it came damaged/u);
  for (const id of ids) {
    const again = server.calls.filter(({ path: called }) => called.startsWith(`/task/${id}/audio`)).length;
    assert.ok(again >= 3 && again <= 8, `fetched again ${again} times`);
  }
  assert.equal(readdirSync(worker.paths.work), []);
});

hostile('a recording that comes damaged once is fetched again, and transcribed', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  let isFirst = true;
  server.misbehave((call, response) => {
    if (!isClaim(call) || !isFirst) return false;
    isFirst = false;
    const bytes = recordingNumber(1);
    const id = giveTask(server, response, Buffer.from(bytes).fill(0, 9000, 9500), {
      'repr-digest': `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`,
    });
    server.leases.set(id, { bytes, language: 'en' });
    return true;
  });
  await using site = await openSite(server, folder, ['--until-empty']);
  assert.is((await site.worker.ended).exitCode, 0, site.worker.complaints());
  assert.is(site.worker.all('transcribed').length, 1);
  assertHarmless(site);
});

hostile('a length that no recording has is refused before a byte is written', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  let isFirst = true;
  server.misbehave((call, response) => {
    if (!isClaim(call) || !isFirst) return false;
    isFirst = false;
    server.leases.set('huge', { bytes: Buffer.from('x'), language: 'en' });
    const length = String(17 * 1024 ** 3);
    response.writeHead(200, { 'x-task-id': 'huge', 'x-lease-seconds': '90', 'content-length': length });
    pour(response);
    return true;
  });
  await using site = await openSite(server, folder, ['--until-empty']);
  assert.is((await site.worker.ended).exitCode, 65, site.worker.complaints());
  assert.match(String(server.callsOf('error')[0]?.body['error']), /larger than \d+ bytes/u);
  assertHarmless(site);
});

function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(256 * 1024, 0xff);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
    response.once('drain', more);
  };
  more();
}

const mayMount = await (async () => {
  await using folder = await temporaryFolder();
  return canMount(folder.path);
})();

(mayMount ? hostile : hostile.skip)('audio without end: a full disk at the most, and room again', async () => {
  await using folder = await temporaryFolder();
  await using disk = await smallDisk(folder.join('data', 'worker', 'work'), 96 * mebibyte);
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const open: ServerResponse[] = [];
  server.misbehave((call, response) => {
    if (!isClaim(call) || open.length > 0) return false;
    open.push(response);
    server.leases.set('endless', { bytes: Buffer.from('x'), language: 'en' });
    response.writeHead(200, { 'x-task-id': 'endless', 'x-lease-seconds': '90' });
    pour(response);
    return true;
  });
  await using site = await openSite(server, folder);
  const back = await site.worker.saw('handed_back', undefined, 30_000);
  assert.equal([back.accepted, back.fault], [true, 'machine'], back.reason);
  assert.match(back.reason, /ENOSPC|no space left/u);
  await eventually(() => open[0]?.destroyed, 'the connection is closed');
  const files = (): string[] => readdirSync(disk.path, { recursive: true }).map(String);
  await eventually(() => !files().some((name) => name.endsWith('recording')), 'there is room again');
  assertHarmless(site);
});

hostile.run();
