import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../../test/support/eventually.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { systemClock } from '../../clock.ts';
import { ownToken } from '../process-owner.ts';
import type { WorkerEvent } from '../worker-event.ts';
import { openAddress } from './control-address.ts';
import { ask, askStatus, findWorkers, type FoundWorker } from './control-client.ts';
import { openControl } from './control-server.ts';
import type { PauseRequest } from './pause-file.ts';
import { factsAtStart, statusNow } from './worker-status.ts';

const run = suite('control of a worker');

type Opened = AsyncDisposable & { folder: string; calls: unknown[]; events: WorkerEvent[]; own: string };

const status = () =>
  statusNow(factsAtStart({ pid: process.pid, version: '1.2.3', startedAtMs: 0, waiting: 0 }), {
    closures: [],
    engineIdleSeconds: 0,
    nowMs: 0,
  });

async function open(folder: string, more: Partial<Parameters<typeof openControl>[0]> = {}): Promise<Opened> {
  const calls: unknown[] = [];
  const events: WorkerEvent[] = [];
  const control = await openControl({
    folder,
    status,
    pause: async (request: PauseRequest) => void calls.push(['pause', request]),
    resume: async () => void calls.push('resume'),
    drain: () => void calls.push('drain'),
    clock: fakeClock(),
    report: (event) => events.push(event),
    ...more,
  });
  return {
    folder,
    calls,
    events,
    own: path.join(folder, ownToken),
    [Symbol.asyncDispose]: () => control[Symbol.asyncDispose](),
  };
}

async function onlyWorker(folder: string): Promise<FoundWorker> {
  const found = await findWorkers(folder);
  assert.is(found.length, 1);
  return found[0] as FoundWorker;
}

/** Sends these bytes, and reads until the other side closes. */
async function raw(own: string, bytes: string | Buffer, isHalf = false): Promise<string> {
  await using address = await openAddress(own);
  const socket = connect(address.path);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => {});
  if (isHalf) socket.write(bytes);
  else socket.end(bytes);
  // A side that closes while the other still writes is no failure of the test.
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

const post = (call: string, body: string, method = 'POST'): string =>
  `${method} ${call} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/u.exec(answer)?.[1]);

run('answers with the status, and passes on what it is told', async () => {
  await using folder = await temporaryFolder();
  await using worker = await open(folder.join('control'));
  const found = await onlyWorker(worker.folder);
  assert.is(found.pid, process.pid);
  assert.ok(found.isHere);
  assert.equal(await askStatus(found), { kind: 'answered', value: status() });
  const ok = { kind: 'answered', value: { status: 'ok' } };
  assert.equal(await ask(found, { method: 'POST', path: '/pause', body: { forSeconds: 1.5, isAtOnce: true } }), ok);
  assert.equal(await ask(found, { method: 'POST', path: '/pause', body: {} }), ok);
  assert.equal(await ask(found, { method: 'POST', path: '/resume' }), ok);
  assert.equal(await ask(found, { method: 'POST', path: '/drain' }), ok);
  assert.equal(worker.calls, [
    ['pause', { forMs: 1500, isAtOnce: true }],
    ['pause', { forMs: undefined, isAtOnce: false }],
    'resume',
    'drain',
  ]);
  assert.equal(worker.events, []);
});

run('is for its user alone, and gone when it is closed', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('control'), { mode: 0o777 });
  const worker = await open(folder.join('control'));
  const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;
  assert.is(await modeOf(worker.folder), 0o700);
  assert.is(await modeOf(worker.own), 0o700);
  assert.is(await modeOf(path.join(worker.own, 'socket')), 0o600);
  const found = await onlyWorker(worker.folder);
  await worker[Symbol.asyncDispose]();
  assert.equal(await readdir(worker.folder), []);
  assert.equal(await askStatus(found), { kind: 'gone' });
  assert.equal(await findWorkers(worker.folder), []);
  assert.equal(await findWorkers(folder.join('nowhere')), []);
});

const hostile: [name: string, request: string, status: number][] = [
  ['an unknown path', post('/stop', '{}'), 404],
  ['the name of something else', post('/constructor', '{}'), 404],
  ['a path out of it', post('/../status', '{}'), 404],
  ['a query', post('/status?x=1', '', 'GET'), 404],
  ['a wrong method', post('/drain', '', 'GET'), 405],
  ['another wrong method', post('/status', '{}'), 405],
  ['a method of its own', post('/status', '', 'DELETE'), 405],
  ['no JSON', post('/pause', 'pause'), 400],
  ['no object', post('/pause', '[]'), 400],
  ['null', post('/pause', 'null'), 400],
  ['unknown keys', post('/pause', '{"for":5}'), 400],
  ['a negative time', post('/pause', '{"forSeconds":-5}'), 400],
  ['an endless time', post('/pause', '{"forSeconds":1e300}'), 400],
  ['a time that is text', post('/pause', '{"forSeconds":"5"}'), 400],
  ['keys where none belong', post('/drain', '{"now":true}'), 400],
  ['garbage', '\u0000\u0001\u0002garbage\r\n\r\n', 400],
  ['endless headers', `GET /status HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ['a huge body', post('/pause', ' '.repeat(5000)), 413],
  [
    'a chunked huge body',
    `POST /pause HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${`1000\r\n${' '.repeat(4096)}\r\n`.repeat(2)}0\r\n\r\n`,
    413,
  ],
];

run('refuses what it does not know, and works on', async () => {
  await using folder = await temporaryFolder();
  await using worker = await open(folder.join('control'));
  for (const [name, request, wanted] of hostile) assert.is(statusOf(await raw(worker.own, request)), wanted, name);
  assert.match(await raw(worker.own, post('/drain', '', 'GET')), /^Allow: POST\r$/mu);
  assert.equal(worker.calls, []);
  assert.is((await askStatus(await onlyWorker(worker.folder))).kind, 'answered');
});

run('does not wait for ever for half a request, nor keeps others waiting', async () => {
  await using folder = await temporaryFolder();
  await using worker = await open(folder.join('control'));
  const began = performance.now();
  const halves = [
    raw(worker.own, 'GET /sta', true),
    raw(worker.own, 'POST /pause HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"forS', true),
    raw(worker.own, '', true),
  ];
  assert.is((await askStatus(await onlyWorker(worker.folder))).kind, 'answered');
  for (const answer of await Promise.all(halves)) assert.ok(answer === '' || statusOf(answer) === 408, answer);
  assert.ok(performance.now() - began < 15_000);
  assert.equal(worker.calls, []);
});

run('ends at once, whoever is still connected', async () => {
  await using folder = await temporaryFolder();
  const worker = await open(folder.join('control'));
  const hanging = raw(worker.own, 'GET /sta', true);
  await eventually(async () => (await askStatus(await onlyWorker(worker.folder))).kind === 'answered', 'it answers');
  const began = performance.now();
  await worker[Symbol.asyncDispose]();
  await hanging;
  assert.ok(performance.now() - began < 2000);
});

run('answers many at once', async () => {
  await using folder = await temporaryFolder();
  await using worker = await open(folder.join('control'));
  const found = await onlyWorker(worker.folder);
  const replies = await Promise.all(Array.from({ length: 10 }, () => askStatus(found)));
  assert.ok(replies.every(({ kind }) => kind === 'answered'));
});

run('tells of a fault of its own, and works on', async () => {
  await using folder = await temporaryFolder();
  await using worker = await open(folder.join('control'), {
    drain() {
      throw new Error('a bug');
    },
  });
  assert.is(statusOf(await raw(worker.own, post('/drain', ''))), 500);
  assert.equal(worker.events, [
    { event: 'warning', message: 'A request for the control of this worker failed: a bug.' },
  ]);
  assert.is((await askStatus(await onlyWorker(worker.folder))).kind, 'answered');
});

run('is reached by a path that is too long for a socket', async () => {
  await using folder = await temporaryFolder();
  const long = folder.join('x'.repeat(100), 'y'.repeat(200), 'control');
  const worker = await open(long);
  assert.equal(worker.events, []);
  assert.is((await askStatus(await onlyWorker(long))).kind, 'answered');
  assert.is(((await stat(path.join(worker.own, 'socket'))).mode & 0o777).toString(8), '600');
  await worker[Symbol.asyncDispose]();
  assert.equal(await readdir(long), []);
});

/** The folders that processes have left, which were killed. */
async function leave(folder: TemporaryFolder, owner: string, ageMs = 0): Promise<string> {
  const left = folder.join('control', owner);
  await mkdir(left, { recursive: true });
  await writeFile(path.join(left, 'socket'), '');
  const at = new Date(Date.now() - ageMs);
  await utimes(left, at, at);
  return owner;
}

run('sweeps what dead workers left, and nothing else', async () => {
  await using folder = await temporaryFolder();
  const [machine, , start] = ownToken.split('-');
  const dead = spawn(process.execPath, ['-e', '0']);
  await once(dead, 'exit');
  await leave(folder, `${machine}-${dead.pid}-1`);
  // The same process id, used again.
  await leave(folder, `${machine}-${process.ppid}-1`);
  await leave(folder, `other_machine-1-1`, 700_000);
  await leave(folder, 'garbage', 700_000);
  const kept = [await leave(folder, `other_machine-2-${start}`, 500_000), await leave(folder, 'fresh garbage')];
  await using worker = await open(folder.join('control'));
  assert.equal((await readdir(worker.folder)).toSorted(), [...kept, ownToken].toSorted());
  const found = await findWorkers(worker.folder);
  assert.is(found.length, 2);
  assert.equal(
    found.map(({ owner, isHere }) => isHere === (owner === ownToken)),
    [true, true],
  );
});

run('shows workers of other machines that it lives', async () => {
  await using folder = await temporaryFolder();
  const clock = fakeClock();
  await using worker = await open(folder.join('control'), { clock });
  const old = new Date(Date.now() - 3_600_000);
  await utimes(worker.own, old, old);
  await clock.advance(60_000);
  await eventually(async () => Date.now() - (await stat(worker.own)).mtimeMs < 60_000, 'it is touched');
});

run('that cannot be opened is one warning, and no more', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('control'), 'in the way');
  await using worker = await open(folder.join('control'));
  assert.is(worker.events.length, 1);
  const [warning] = worker.events;
  assert.match(warning?.event === 'warning' ? warning.message : '', /cannot reach this worker: .*EEXIST|ENOTDIR/u);
});

if (process.getuid?.() !== 0) {
  run('in a folder that may not be written is a warning', async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o500);
    await using worker = await open(folder.join('control'));
    assert.is(worker.events.length, 1);
    await chmod(folder.path, 0o700);
  });
}

/** A process that lives, in whose name something strange listens. */
async function pretend(folder: string, answer: (text: string) => string | undefined): Promise<AsyncDisposable> {
  const own = path.join(folder, ownToken);
  await mkdir(own, { recursive: true });
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const said = answer(chunk.toString());
      if (said !== undefined) socket.end(said);
    });
  });
  await using address = await openAddress(own);
  server.listen(address.path);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

run('believes nothing that only looks like a worker', async () => {
  const http = (body: string): string => `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}`;
  const answers: [answer: string | undefined, reason: RegExp][] = [
    ['garbage\r\n\r\n', /./u],
    [http('no JSON'), /JSON/u],
    [http('{"pid":1}'), /another version/u],
    [http(JSON.stringify({ ...status(), state: 'fine' })), /another version/u],
    [http(`"${'x'.repeat(2_000_000)}"`), /too long/u],
    ['HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n', /answered 500/u],
    [undefined, /did not answer within 5 s/u],
  ];
  for (const [answer, reason] of answers) {
    await using folder = await temporaryFolder();
    await using _ = await pretend(folder.join('control'), () => answer);
    const reply = await askStatus(await onlyWorker(folder.join('control')));
    assert.is(reply.kind, 'silent');
    assert.match(reply.kind === 'silent' ? reply.reason : '', reason);
  }
});

run('keeps no process running, and survives a kill of another', async () => {
  await using folder = await temporaryFolder();
  const program = path.join(import.meta.dirname, 'testing', 'controlled-worker.ts');
  const other: ChildProcess = spawn(process.execPath, [program, folder.path], { stdio: 'ignore' });
  const control = folder.join('worker', 'control');
  await eventually(async () => (await findWorkers(control)).length === 1, 'it listens');
  const found = await onlyWorker(control);
  await eventually(async () => (await askStatus(found)).kind === 'answered', 'it answers');
  other.kill('SIGKILL');
  await once(other, 'exit');
  assert.equal(await askStatus(found), { kind: 'gone' });
  assert.equal(await findWorkers(control), []);
  await access(found.folder);
  await using worker = await open(control, { clock: systemClock });
  assert.equal(await readdir(control), [path.basename(worker.own)]);
});

run.run();
