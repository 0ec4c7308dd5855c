/**
 * A server that lies, redirects, or is not one: the worker lives, says what is wrong, keeps its memory, its files and its credentials,
 * and works on as soon as it is answered in order.
 */
import type { ServerResponse } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startFakeServer } from '../../src/worker/testing/fake-server.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { assertHarmless, giveTask, isClaim, openSite } from './hostile-site.ts';
import { recordingNumber } from './worker-scene.ts';

const hostile = suite('a hostile server');

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
    [
      'an id that climbs',
      (response) => giveTask(server, response, Buffer.from('x'), {}, '../../x'),
      /not from stt-server/u,
    ],
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
    // A claim that waits already is answered as it should be.
    server.add(recordingNumber(2 * index));
    await eventually(() => worker.all('server_away').length > index, `${name} is told\n${worker.complaints()}`);
    assert.match(worker.all('server_away')[index]?.reason ?? '', said, name);
    const isRetryAfter = askedAt.length > 0;
    server.misbehave((call) => {
      if (isRetryAfter && isClaim(call)) askedAt.push(performance.now());
      return false;
    });
    server.add(recordingNumber(2 * index + 1));
    await eventually(() => worker.all('server_back').length === index + 1, `it is back after ${name}`);
    await eventually(() => worker.all('transcribed').length === 2 * (index + 1), `goes on after ${name}`);
  }
  await eventually(() => askedAt.length > 1, 'it asks again after the 429');
  assert.ok((askedAt[1] ?? 0) - (askedAt[0] ?? 0) >= 2000, 'it asked sooner than it was told to');
  assert.is(worker.all('server_away').length, answers.length);
  assert.equal(worker.all('failed'), []);
  assert.is(engine.runsOnRecordings().length, 2 * answers.length);
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
  assert.is(sentAt.length, 4);
  assert.ok((sentAt[3] ?? 0) - (sentAt[2] ?? 0) >= 2000, 'it was sent sooner than the server said');
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
  assert.equal(
    failed.map(({ fault }) => fault),
    ['recording', 'recording', 'recording'],
  );
  for (const { reason } of failed) assert.match(reason, /^Whisper knows no language ".{1,40}"\.$/u);
  for (const { args } of site.engine.runs()) {
    assert.not.match(args.join(' '), '/etc/passwd');
    assert.is(args[args.indexOf('--language') + 1], 'en');
  }
  assert.ok(server.callsOf('heartbeat').length < 20, `${server.callsOf('heartbeat').length} heartbeats`);
  assertHarmless(site);
});

hostile.run();
