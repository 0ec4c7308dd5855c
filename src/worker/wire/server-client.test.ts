import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { systemClock } from '../../clock.ts';
import { Secret } from '../../config/secret.ts';
import { createServerClient, type ServerClient, type ServerClientOptions } from './server-client.ts';
import { type FakeServer, startFakeServer } from '../testing/fake-server.ts';
import { hurriedClock } from '../testing/hurried-clock.ts';

const run = suite('server client');

const never = new AbortController().signal;

const clientFor = (server: FakeServer, more: Partial<ServerClientOptions> = {}): ServerClient =>
  createServerClient({
    serverUrl: server.url,
    workerName: 'tester',
    credentials: undefined,
    clock: systemClock,
    ...more,
  });

run('claims a task with its lease and its recording', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2', leaseSeconds: 45 });
  server.add(Buffer.from('audio'), 'de');
  const claim = await clientFor(server).claim(0, never);
  assert.ok(claim.kind === 'task');
  assert.equal([claim.lease.language, claim.lease.seconds], ['de', 45]);
  assert.equal([claim.recording.fromByte, claim.recording.sizeBytes, claim.recording.sha256?.length], [0, 5, 64]);
  claim.recording.body.destroy();
});

run("sees an ancestor's server by what it does not say", async () => {
  await using server = await startFakeServer({ flavour: 'ancestor' });
  server.add(Buffer.from('audio'));
  const claim = await clientFor(server).claim(0, never);
  assert.ok(claim.kind === 'task');
  assert.equal(
    [claim.lease.seconds, claim.recording.sizeBytes, claim.recording.sha256],
    [undefined, undefined, undefined],
  );
  claim.recording.body.destroy();
});

run('sends user name and password only where asked to, and a name that fits a header', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await clientFor(server, { workerName: 'Büro\n1' }).claim(0, never);
  await clientFor(server, { credentials: { username: 'me', password: new Secret('pä:ss') } }).claim(0, never);
  assert.is(server.calls[0]?.headers.authorization, undefined);
  assert.is(server.calls[0]?.headers['x-stt-worker'], 'B?ro?1');
  const sent = server.calls[1]?.headers.authorization?.replace('Basic ', '') ?? '';
  assert.is(Buffer.from(sent, 'base64').toString(), 'me:pä:ss');
});

run('sends a token instead of them where it has one', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const credentials = { username: 'me', password: new Secret('word') };
  await clientFor(server, { token: new Secret('stt_w_abc'), credentials }).claim(0, never);
  assert.is(server.calls[0]?.headers.authorization, 'Bearer stt_w_abc');
});

run('follows no redirect', async () => {
  await using elsewhere = await startFakeServer({ flavour: 'protocol 2' });
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.misbehave((_call, response) => {
    response.writeHead(302, { location: `${elsewhere.url}/task` }).end();
    return true;
  });
  const client = clientFor(server);
  const claim = await client.claim(0, never);
  assert.ok(claim.kind === 'later');
  assert.match(claim.reason, 'redirects to');
  assert.is((await client.sendError({ id: 'a' }, never)).kind, 'later');
  assert.is(elsewhere.calls.length, 0);
});

run('takes a task without a usable id for no task', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  for (const id of [undefined, '../../etc/passwd', 'x'.repeat(129)]) {
    server.misbehave((_call, response) => {
      response
        .writeHead(200, { 'content-type': 'text/html', ...(id === undefined ? {} : { 'x-task-id': id }) })
        .end('x');
      return true;
    });
    const claim = await clientFor(server).claim(0, never);
    assert.ok(claim.kind === 'later');
    assert.match(claim.reason, 'not from stt-server');
  }
});

run('reads no endless answer', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.misbehave((_call, response) => {
    response.writeHead(500);
    const pour = (): void => {
      while (response.write('x'.repeat(10_000)));
      response.once('drain', pour);
    };
    pour();
    return true;
  });
  assert.is((await clientFor(server).sendError({ id: 'a' }, never)).kind, 'later');
});

run('turns a server that is away into a value, and an abort of a claim into an exception', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await server.goAway();
  const client = clientFor(server);
  const claim = await client.claim(0, never);
  assert.ok(claim.kind === 'later');
  assert.match(claim.reason, 'ECONNREFUSED');
  await rejects(client.claim(0, AbortSignal.abort(new Error('stop'))), /stop/u);
});

run('gives up on an answer that comes drop by drop', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.misbehave((call, response) => {
    response.writeHead(call.path === '/error' ? 200 : 500, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(drip));
    return true;
  });
  const client = clientFor(server, { clock: hurriedClock() });
  for (const answer of [await client.sendError({ id: 'a' }, never), await client.claim(0, never)]) {
    assert.ok(answer.kind === 'later');
    assert.match(answer.reason, 'no whole answer within 60 s');
  }
});

run('makes what a server says printable', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(Buffer.from('audio'), '\u009b31mde');
  const claim = await clientFor(server).claim(0, never);
  assert.ok(claim.kind === 'task');
  assert.is(claim.lease.language, '31mde');
  claim.recording.body.destroy();
});

run('does not take another part of a recording than it asked for', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.misbehave((_call, response) => {
    response.writeHead(206, { 'content-range': 'bytes 0-4/10' }).end('audio');
    return true;
  });
  const answer = await clientFor(server).fetchAudio({ id: 'a', language: 'en', seconds: 90 }, 5, never);
  assert.is(answer.kind, 'later');
});

run.run();
