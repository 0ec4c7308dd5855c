import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../../test/support/eventually.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { fileServer } from '../../../test/support/file-server.ts';
import { Secret } from '../../config/secret.ts';
import type { WorkerEvent } from '../worker-event.ts';
import { type Notices, openNotices } from './open-notices.ts';

const run = suite('openNotices');

const minuteMs = 60_000;
const theKey = 'AbCdEf.123456';

const failed = (reason = 'It is empty.'): WorkerEvent => ({
  event: 'failed',
  task: 'a',
  language: 'en',
  takenSeconds: 1,
  phase: 'decode',
  fault: 'recording',
  reason,
});

type Received = { method: string; path: string; key: string; type: string; body: unknown };

/** A real server in the place of Gotify. */
async function gotify(answer: (request: IncomingMessage, response: ServerResponse, number: number) => void) {
  const received: Received[] = [];
  const server = await fileServer((request, response, number) => {
    void text(request).then((body) => {
      received.push({
        method: request.method ?? '',
        path: request.url ?? '',
        key: String(request.headers['x-gotify-key']),
        type: String(request.headers['content-type']),
        body: JSON.parse(body),
      });
      answer(request, response, number);
    });
  });
  return {
    url: new URL(server.url).origin,
    received,
    messages: () => received.map(({ body }) => (body as { message: string }).message),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const accept = (_: IncomingMessage, response: ServerResponse): void => void response.end('{"id":1}');

function open(gotifyUrl: string, gotifyKey = theKey) {
  const clock = fakeClock();
  const events: WorkerEvent[] = [];
  const notices: Notices = openNotices({
    gotifyUrl,
    gotifyKey: new Secret(gotifyKey),
    nodeName: 'gaming-pc',
    clock,
    report: (event) => {
      events.push(event);
      // As in the worker: everybody hears everything.
      notices.note(event);
    },
  });
  const sleeps = (ms: number) => eventually(() => clock.isAwaited(ms), `somebody waits ${ms} ms`);
  return { ...notices, clock, events, sleeps };
}

run("sends the first one after two seconds, the ancestor's way", async () => {
  await using server = await gotify(accept);
  const { note, close, clock, sleeps, events } = open(`${server.url}/gotify`);
  note(failed());
  await sleeps(2000);
  assert.is(server.received.length, 0);
  await clock.advance(2000);
  await sleeps(5 * minuteMs);
  assert.equal(server.received, [
    {
      method: 'POST',
      path: '/gotify/message',
      key: theKey,
      type: 'application/json',
      body: { title: 'gaming-pc', message: 'A task failed: It is empty (recording)', priority: 7 },
    },
  ]);
  await close();
  assert.is(server.received.length, 1);
  assert.equal(events, []);
});

run('tells a burst in two messages: the first, and what came in the next five minutes', async () => {
  await using server = await gotify(accept);
  const { note, close, clock, sleeps } = open(server.url);
  note(failed());
  note(failed());
  await clock.advance(2000);
  await sleeps(5 * minuteMs);
  for (let index = 0; index < 100; index += 1) note(failed(index < 90 ? 'out of memory' : 'It is empty.'));
  await clock.advance(5 * minuteMs - 1);
  assert.is(server.received.length, 1);
  await clock.advance(1);
  await eventually(() => server.received.length === 2, 'the second message');
  assert.equal(server.messages(), [
    '2 tasks failed: 2 x It is empty (recording)',
    '100 tasks failed: 90 x out of memory (recording), 10 x It is empty (recording)',
  ]);
  // After five quiet minutes the next one is a first one again.
  await sleeps(5 * minuteMs);
  await clock.advance(5 * minuteMs);
  assert.not(clock.isAwaited(5 * minuteMs));
  note(failed());
  await clock.advance(2000);
  await eventually(() => server.received.length === 3, 'the third message');
  await close();
});

run('sends what is gathered when it is closed, and nothing afterwards', async () => {
  await using server = await gotify(accept);
  const { note, close, clock, sleeps } = open(server.url);
  note(failed());
  await clock.advance(2000);
  await sleeps(5 * minuteMs);
  note({ event: 'error', code: 'STT_DISK', message: 'The disk is full.', hint: undefined });
  await close();
  note(failed());
  await clock.advance(10 * minuteMs);
  await close();
  assert.equal(server.messages(), ['A task failed: It is empty (recording)', 'The worker ended: The disk is full']);
});

run('tells once that the worker is broken, and once that it is mended', async () => {
  await using server = await gotify(accept);
  const { note, close } = open(server.url);
  note({ event: 'closed', why: 'broken', reason: 'no GPU' });
  note({ event: 'closed', why: 'broken', reason: 'still no GPU', until: 'later' });
  note({ event: 'closed', why: 'hours', reason: 'outside' });
  note({ event: 'opened' });
  note({ event: 'opened' });
  await close();
  assert.equal(server.messages(), [
    'The worker is broken, and takes no more tasks: no GPU\nThe worker is mended, and takes tasks again.',
  ]);
});

run('tells of a server that is away for ten minutes, and of its return; not of a shorter absence', async () => {
  await using server = await gotify(accept);
  const { note, close, clock, sleeps } = open(server.url);
  note({ event: 'server_back' });
  note({ event: 'server_away', reason: 'ECONNREFUSED' });
  await clock.advance(10 * minuteMs - 1);
  note({ event: 'server_back' });
  await clock.advance(10 * minuteMs);
  assert.not(clock.isAwaited(2000));
  note({ event: 'server_away', reason: 'ECONNREFUSED' });
  note({ event: 'server_away', reason: 'ETIMEDOUT' });
  await clock.advance(10 * minuteMs);
  await sleeps(2000);
  await clock.advance(2000);
  await sleeps(5 * minuteMs);
  note({ event: 'server_back' });
  note({ event: 'server_back' });
  await close();
  assert.equal(server.messages(), [
    'The server has been away for over 10 minutes: ECONNREFUSED',
    'The server is back.',
  ]);
});

const misfortunes: [what: string, answer: Parameters<typeof gotify>[0], warned: RegExp][] = [
  [
    'answers 401',
    (_, response) => void response.writeHead(401).end(`bad key ${theKey}`),
    /it answered 401, is GOTIFY_KEY/u,
  ],
  ['answers 500', (_, response) => void response.writeHead(500).end(), /it answered 500\./u],
  ['cuts the connection', (request) => request.socket.destroy(), /no connection/u],
  [
    'redirects',
    (_, response) => void response.writeHead(307, { location: '/elsewhere' }).end(),
    /it answered 307, a redirect/u,
  ],
];

for (const [what, answer, warned] of misfortunes) {
  run(`warns once an hour, without the key, of a Gotify that ${what}; keeps what it did not take`, async () => {
    await using server = await gotify((request, response, number) => {
      if (number > 14) accept(request, response);
      else answer(request, response, number);
    });
    const { note, close, clock, events, sleeps } = open(server.url);
    note(failed());
    await clock.advance(2000);
    for (let sent = 1; sent <= 14; sent += 1) {
      await eventually(() => server.received.length === sent, `message ${sent}`);
      await sleeps(5 * minuteMs);
      note(failed());
      await clock.advance(5 * minuteMs);
    }
    await eventually(() => server.received.length === 15, 'the message that is taken');
    await close();
    assert.is(server.received.length, 15);
    assert.is(server.messages().at(-1), '15 tasks failed: 15 x It is empty (recording)');
    assert.ok(server.received.every(({ path }) => path === '/message'));
    const warnings = events.map((event) => (event.event === 'warning' ? event.message : ''));
    assert.is(warnings.length, 2, String(warnings));
    for (const warning of warnings) assert.match(warning, warned);
    assert.not.match(JSON.stringify(events), theKey);
  });
}

run('warns of a Gotify that is not there', async () => {
  const { url } = await (async () => {
    await using server = await gotify(accept);
    return { url: server.url };
  })();
  const { note, close, events } = open(url);
  note(failed());
  await close();
  assert.equal(events, [
    { event: 'warning', message: 'Gotify could not be told of failures: no connection (ECONNREFUSED).' },
  ]);
});

run('a Gotify that hangs never holds up an event, and the end for five seconds at most', async () => {
  await using server = await gotify(() => {});
  const { note, close, clock, events } = open(server.url);
  note(failed());
  await clock.advance(2000);
  await eventually(() => server.received.length === 1, 'the message that hangs');
  const begunAt = performance.now();
  for (let index = 0; index < 1000; index += 1) note(failed(`reason ${index}`));
  assert.ok(performance.now() - begunAt < 1000);
  await close();
  assert.ok(performance.now() - begunAt < 6500);
  assert.match(JSON.stringify(events), /no answer within 5 s|before it answered/u);
});

run('does not read an answer that never ends', async () => {
  let sentBytes = 0;
  await using server = await gotify((_, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536))) sentBytes += 65_536;
    };
    response.on('drain', pour).on('error', () => {});
    pour();
  });
  const { note, close, events } = open(server.url);
  note(failed());
  await close();
  assert.equal(events, []);
  assert.ok(sentBytes < 50_000_000);
});

run('says nothing of a key or a password that fetch would complain of', async () => {
  await using server = await gotify(accept);
  const first = open(server.url, 'hunter2\u00e9');
  first.note(failed());
  await first.close();
  assert.match(JSON.stringify(first.events), 'GOTIFY_KEY holds characters');
  const second = open(server.url.replace('//', '//me:hunter2@'));
  second.note(failed());
  await second.close();
  assert.match(JSON.stringify(second.events), 'GOTIFY_URL must hold no user name');
  assert.not.match(JSON.stringify([first.events, second.events]), 'hunter2');
  assert.is(server.received.length, 0);
});

run('does nothing without both a URL and a key', async () => {
  await using server = await gotify(accept);
  const key = new Secret(theKey);
  for (const [gotifyUrl, gotifyKey] of [
    [undefined, undefined],
    [server.url, undefined],
    [undefined, key],
  ] as const) {
    const clock = fakeClock();
    const { note, close } = openNotices({
      gotifyUrl,
      gotifyKey,
      nodeName: 'x',
      clock,
      report: () => assert.unreachable(),
    });
    note(failed());
    assert.not(clock.isAwaited(2000));
    await close();
  }
  assert.is(server.received.length, 0);
});

run.run();
