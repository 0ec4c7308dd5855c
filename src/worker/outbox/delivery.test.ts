// deadline: 110 s
/** The outbox against a real server that behaves badly, over real HTTP. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../../test/support/eventually.ts';
import { type FakeClock, fakeClock } from '../../../test/support/fake-clock.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { Clock } from '../../clock.ts';
import { type FakeServer, startFakeServer } from '../testing/fake-server.ts';
import type { Letter } from './letter.ts';
import { lettersIn, never } from './testing/outbox-desk.ts';
import { postOffice } from './testing/post-office.ts';

const run = suite('delivery');

const letterOf = (id: string): Letter => ({ kind: 'result', message: { id, vtt: 'WEBVTT\n\n' } });

/** Tasks the server takes a result for. */
function expect(server: FakeServer, ...ids: string[]): void {
  for (const id of ids) server.leases.set(id, { bytes: Buffer.alloc(0), language: 'en' });
}

const idsSent = (server: FakeServer): unknown[] => server.callsOf('result').map(({ body }) => body['id']);

/** Nobody sleeps: time passes at once, and how long is noted. */
function eagerClock(): Clock & { slept: number[] } {
  let now = Date.UTC(2026, 0, 1);
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    async sleep(ms) {
      slept.push(ms);
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

run('outlasts a server that is away for days, and delivers everything when it is back', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const ids = ['a', 'b', 'c', 'd', 'e'];
  expect(server, ...ids);
  await server.goAway();
  const clock = eagerClock();
  const startedAt = clock.now();
  const { outbox, namesOf } = await postOffice(folder, server, clock, 1);
  for (const id of ids) assert.is(await outbox.post(letterOf(id), never), 'waiting');
  const stop = new AbortController();
  const delivering = outbox.deliverInBackground(stop.signal);
  await eventually(() => clock.now() - startedAt > 2 * 86_400_000, 'two days have passed', 80_000);
  assert.equal(clock.slept.slice(0, 8), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  assert.is(Math.max(...clock.slept), 60_000);
  assert.is((await lettersIn(folder.path)).length, 5);
  await server.comeBack();
  await eventually(() => namesOf('delivered').length === 5, 'all are delivered');
  stop.abort();
  await delivering;
  assert.equal([server.callsOf('result').length, await lettersIn(folder.path)], [5, []]);
});

type Behaviour = {
  what: string;
  answer: (response: ServerResponse) => unknown;
  becomes: 'refused' | 'waiting';
  reason: RegExp;
};

const json =
  (status: number, body: object, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const html = (status: number) => (response: ServerResponse) =>
  response.writeHead(status, { 'content-type': 'text/html' }).end('<html>proxy</html>');

const behaviours: Behaviour[] = [
  {
    what: '401',
    answer: json(401, { detail: 'wrong token' }),
    becomes: 'waiting',
    reason: /^HTTP 401: wrong token; look at/u,
  },
  { what: '403 from a proxy', answer: html(403), becomes: 'waiting', reason: /^HTTP 403: .*another user name/u },
  {
    what: '404 of an ancestor',
    answer: json(404, { detail: 'ID not found' }),
    becomes: 'refused',
    reason: /^HTTP 404: ID not found$/u,
  },
  { what: '404 for the path', answer: json(404, { detail: 'Not Found' }), becomes: 'waiting', reason: /^HTTP 404/u },
  {
    what: '409',
    answer: json(409, { code: 'lease_lost', detail: 'late' }),
    becomes: 'refused',
    reason: /^HTTP 409: late$/u,
  },
  {
    what: '413',
    answer: json(413, { code: 'body_too_large', detail: 'big' }),
    becomes: 'refused',
    reason: /^HTTP 413: big$/u,
  },
  { what: '413 from a proxy', answer: html(413), becomes: 'waiting', reason: /not from stt-server/u },
  { what: '500', answer: json(500, { detail: 'oops' }), becomes: 'waiting', reason: /^HTTP 500: oops$/u },
  { what: 'a page with 200', answer: html(200), becomes: 'waiting', reason: /^HTTP 200 with something/u },
  { what: 'an answer that is cut', answer: cut, becomes: 'waiting', reason: /./u },
  { what: 'no answer', answer: (response) => response.destroy(), becomes: 'waiting', reason: /./u },
];

function cut(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"status":"ok"');
  setImmediate(() => response.destroy());
}

for (const { what, answer, becomes, reason } of behaviours) {
  run(`${becomes === 'refused' ? 'sets aside' : 'keeps'} what is answered with ${what}`, async () => {
    await using folder = await temporaryFolder();
    await using server = await startFakeServer({ flavour: 'protocol 2' });
    expect(server, 'a');
    server.misbehave((_, response) => {
      answer(response);
      return true;
    });
    const { outbox, events, namesOf } = await postOffice(folder, server, fakeClock());
    assert.is(await outbox.post(letterOf('a'), never), becomes);
    const [event] = events;
    assert.ok(event?.event === becomes);
    assert.match(event.reason, reason);
    if (event.event === 'refused') {
      assert.is((JSON.parse(await readFile(event.file, 'utf8')) as { reason: string }).reason, event.reason);
    }
    server.misbehave(undefined);
    assert.is(await outbox.flush(0, never), 0);
    assert.equal(namesOf('delivered'), becomes === 'refused' ? [] : ['a']);
    assert.is((await readdir(folder.join('refused'))).length, becomes === 'refused' ? 1 : 0);
  });
}

run('follows no redirect, and shows the password to nobody else', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await using other = await startFakeServer({ flavour: 'protocol 2' });
  for (const status of [301, 302, 307, 308]) {
    server.misbehave((_, response) => {
      response.writeHead(status, { location: `${other.url}/result` }).end();
      return true;
    });
    const { outbox, events } = await postOffice(folder, server, fakeClock());
    assert.is(await outbox.post(letterOf('a'), never), 'waiting');
    assert.match(JSON.stringify(events[0]), `HTTP ${status}: the server redirects to`);
  }
  assert.is(other.calls.length, 0);
  assert.match(server.calls[0]?.headers.authorization ?? '', /^Basic /u);
});

for (const [how, header] of [
  ['seconds', () => '120'],
  ['a date', (now: number) => new Date(now + 120_000).toUTCString()],
] as const) {
  for (const status of [429, 503]) {
    run(`sends nothing for as long as ${status} with ${how} asks`, async () => {
      await using folder = await temporaryFolder();
      await using server = await startFakeServer({ flavour: 'protocol 2' });
      expect(server, 'a', 'b');
      server.misbehave((_, response) => {
        // The client reads the date with the time of this machine.
        json(status, { detail: 'slowly' }, { 'retry-after': header(Date.now()) })(response);
        return true;
      });
      const clock = fakeClock();
      const { outbox, namesOf } = await postOffice(folder, server, clock);
      const stop = new AbortController();
      assert.is(await outbox.post(letterOf('a'), never), 'waiting');
      const delivering = outbox.deliverInBackground(stop.signal);
      assert.is(await outbox.post(letterOf('b'), never), 'waiting');
      server.misbehave(undefined);
      assert.is(await outbox.flush(60_000, never), 2);
      await passOn(clock, 117_000);
      assert.is(server.callsOf('result').length, 1);
      await eventually(async () => {
        await clock.advance(1000);
        return namesOf('delivered').length === 2;
      }, 'both are delivered');
      stop.abort();
      await delivering;
    });
  }
}

/** Second by second, with time for files in between. */
async function passOn(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    await clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

run('delivers the others though some letters are answered 500 every time', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await server.goAway();
  const clock = eagerClock();
  const { outbox, namesOf } = await postOffice(folder, server, clock);
  const bad = ['bad1', 'bad2', 'bad3', 'bad4', 'bad5'];
  for (const id of [...bad, 'good1', 'good2']) {
    await outbox.post(letterOf(id), never);
    await clock.sleep(1);
  }
  await server.comeBack();
  expect(server, 'good1', 'good2', 'good3');
  server.misbehave(({ body }, response) => {
    if (!String(body['id']).startsWith('bad')) return false;
    json(500, { detail: 'oops' })(response);
    return true;
  });
  // A few failures a round, and in the next one the others have their turn.
  assert.is(await outbox.flush(0, never), 7);
  assert.equal(idsSent(server), bad.slice(0, 3));
  assert.is(await outbox.flush(0, never), 5);
  assert.equal(idsSent(server).slice(3), ['bad4', 'bad5', 'good1', 'good2', 'bad1']);
  assert.is(await outbox.post(letterOf('good3'), never), 'accepted');
  assert.equal(namesOf('delivered'), ['good1', 'good2']);
  // One who asks for all has all tried.
  const round = await outbox.deliverAll(never);
  assert.equal([round.waiting, round.reason], [5, 'HTTP 500: oops']);
  assert.equal(new Set(idsSent(server).slice(-5)), new Set(bad));
  assert.is((await lettersIn(folder.path)).length, 5);
});

run('delivers the others though the connection breaks on one letter every time', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await server.goAway();
  const clock = eagerClock();
  const { outbox, namesOf } = await postOffice(folder, server, clock);
  for (const id of ['bad', 'good1', 'good2']) {
    await outbox.post(letterOf(id), never);
    await clock.sleep(1);
  }
  await server.comeBack();
  expect(server, 'good1', 'good2');
  server.misbehave(({ body }, response) => body['id'] === 'bad' && response.destroy() === response);
  const round = await outbox.deliverAll(never);
  assert.equal([round.delivered, round.waiting], [2, 1]);
  assert.equal(namesOf('delivered'), ['good1', 'good2']);
  assert.equal(idsSent(server).slice(0, 4), ['bad', 'good1', 'good2', 'bad']);
});

run('stops a round at the first answer that wants other credentials, and keeps everything', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await server.goAway();
  const { outbox } = await postOffice(folder, server, fakeClock());
  for (const id of ['a', 'b', 'c']) await outbox.post(letterOf(id), never);
  await server.comeBack();
  server.misbehave((_, response) => {
    json(401, { detail: 'revoked' })(response);
    return true;
  });
  assert.is(await outbox.flush(0, never), 3);
  assert.is((await outbox.deliverAll(never)).waiting, 3);
  assert.equal([server.callsOf('result').length, (await lettersIn(folder.path)).length], [2, 3]);
});

run('asks a server that accepts connections and nothing else once a round', async () => {
  await using folder = await temporaryFolder();
  let connections = 0;
  const server = createServer().on('connection', (socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { outbox } = await postOffice(folder, { url }, fakeClock());
  await outbox.post(letterOf('a'), never);
  await outbox.post(letterOf('b'), never);
  assert.is(await outbox.flush(0, never), 2);
  assert.is(connections, 3);
  server.close();
});

run.run();
