// deadline: 240 s
/**
 * Peers that are slow, stalled, or gone without a word (half-open TCP): what they hold comes back within the server's limits, and
 * a real worker behind such a line recovers without doing a task twice. All cases wait at the same time, since all they do is wait.
 */
import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startCutProxy } from '../support/cut-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { addRecording, addSidecar, convertSample, shortSample } from '../support/library.ts';
import { runTestWorker } from '../support/programs.ts';
import { connectTo, postHeaders, readAnswer } from '../support/raw-http.ts';
import { openFiles, residentBytes, startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { claimTask, deliver, statusOf } from './worker-calls.ts';

const slow = suite('slow peers');

const stalledReaders = 200;
const largeBytes = 50 * 2 ** 20;
const recordings = (pid: number): number => openFiles(pid).filter((file) => file.endsWith('.mp3')).length;
const sockets = (pid: number): number => openFiles(pid).filter((file) => file.startsWith('socket:')).length;

/** Cut after one to two times 60 s: whether a reader took anything is looked at once in 60 s. */
async function stallReaders(): Promise<void> {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await mkdir(library);
  for (let index = 0; index < stalledReaders; index += 1) {
    // Sparse: takes no space.
    await using file = await open(path.join(library, `${index}.mp3`), 'w');
    await file.truncate(largeBytes);
  }
  // Protocol 1, whose claims need no digest of 50 MB each.
  await using server = await startServerProcess({
    library,
    stateFolder: folder.path,
    env: { STT_DEFAULT_LANGUAGE: 'en' },
  });
  await statusOf(server.url, '/livez');
  const socketsBefore = sockets(server.pid);
  const memoryBefore = residentBytes(server.pid);
  const readers = await Promise.all(Array.from({ length: stalledReaders }, () => connectTo(server.port)));
  for (const reader of readers) {
    reader.pause();
    reader.write('GET /task HTTP/1.1\r\nHost: test\r\n\r\n');
  }
  await eventually(
    // The connection that asked for /livez may be gone by now.
    () => recordings(server.pid) === stalledReaders && sockets(server.pid) >= socketsBefore + stalledReaders - 2,
    'all are being served',
    30_000,
  );
  await delay(3000);
  const grownBytes = residentBytes(server.pid) - memoryBefore;
  assert.is(await statusOf(server.url, '/livez'), 200);
  // Nothing of ours closes them: not read, they do not even notice.
  const stalledAt = performance.now();
  await eventually(
    () => recordings(server.pid) === 0 && sockets(server.pid) <= socketsBefore + 2,
    'descriptors are back',
    150_000,
  );
  const seconds = Math.round((performance.now() - stalledAt) / 1000);
  console.log(`${stalledReaders} stalled readers took ${Math.round(grownBytes / 2 ** 20)} MiB for ${seconds} s`);
  assert.ok(grownBytes < 250 * 2 ** 20, `${grownBytes} bytes`);
  for (const reader of readers) reader.destroy();
}

/** How long a connection that sends a byte a second lives, and what it hears at its end. */
async function drip(port: number, head: string): Promise<{ status: number; seconds: number }> {
  const startedAt = performance.now();
  const socket = await connectTo(port);
  socket.write(head);
  const drops = setInterval(() => socket.write('x'), 1000);
  try {
    const { status } = await readAnswer(socket, 100_000);
    return { status, seconds: (performance.now() - startedAt) / 1000 };
  } finally {
    clearInterval(drops);
    socket.destroy();
  }
}

async function dripHeadersAndBodies(): Promise<void> {
  await using folder = await temporaryFolder();
  await addRecording(folder.join('library'), 'a.mp3', 'a.mp3');
  await using server = await startServerProcess({ library: folder.join('library'), stateFolder: folder.path });
  const task = await claimTask(server.url);
  const socketsBefore = sockets(server.pid);
  const ends = await Promise.all([
    ...Array.from({ length: 50 }, () => drip(server.port, 'GET /livez HTTP/1.1\r\nX-Slow: ')),
    ...Array.from({ length: 20 }, () => drip(server.port, postHeaders('/result', { 'Content-Length': 100_000 }))),
    ...Array.from({ length: 10 }, () =>
      drip(server.port, `${postHeaders('/heartbeat', { 'Transfer-Encoding': 'chunked' })}ffff\r\n`),
    ),
  ]);
  const slowest = Math.max(...ends.slice(0, 50).map(({ seconds }) => seconds));
  const slowestBody = Math.max(...ends.slice(50).map(({ seconds }) => seconds));
  console.log(`slow headers are cut after ${Math.round(slowest)} s, slow bodies after ${Math.round(slowestBody)} s`);
  assert.ok(slowest <= 22, `headers: ${slowest} s`);
  assert.ok(slowestBody <= 90, `bodies: ${slowestBody} s`);
  assert.equal(
    ends.filter(({ status }) => ![0, 408].includes(status)),
    [],
  );
  await eventually(() => sockets(server.pid) <= socketsBefore + 2, 'connections are back', 40_000);
  assert.is((await deliver(server.url, task))?.status, 200);
}

/** Three real workers, one line each that turns into a black hole: in the audio, in a heartbeat, in the delivery. */
async function fallIntoBlackHoles(): Promise<void> {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await addRecording(library, '1.mp3', await readFile(shortSample));
  await addRecording(library, '2.mp3', await readFile(shortSample));
  // Long enough for a heartbeat; the last to be handed out.
  await convertSample(path.join(library, '3.mp3'), ['-af', 'aloop=loop=20:size=1000000']);
  await addSidecar(path.join(library, '3.mp3'));
  await using server = await startServerProcess({ library, stateFolder: folder.path, env: { STT_LEASE_SECONDS: '6' } });
  const socketsBefore = sockets(server.pid);
  const holes = [
    { request: /^GET \/task/u, after: { answerBytes: 2500 } },
    { request: /^POST \/result/u, after: { answerBytes: 0 } },
    { request: /^POST \/heartbeat/u, after: { answerBytes: 0 } },
  ];
  await using proxies = new AsyncDisposableStack();
  const workers = [];
  for (const { request, after } of holes) {
    const proxy = proxies.use(await startCutProxy(server.port));
    const data = proxies.use(await temporaryFolder());
    proxy.blackHole(request, after);
    // One each: while it delivers, a worker would claim what is meant for the next one.
    workers.push({ proxy, end: runTestWorker(data.path, proxy.url, ['--once']) });
    // One after the other, so that each gets the recording that is meant for it.
    const granted = (): boolean => proxy.requests.some((line) => line.startsWith('GET /task'));
    await eventually(granted, 'it asks for a task', 30_000);
    await delay(300);
  }
  for (const { proxy, end } of workers) {
    const { exitCode, outputTail } = await end;
    assert.is(exitCode, 0, outputTail);
    assert.is(proxy.cuts(), 1, proxy.requests.join('\n'));
  }
  assert.is(server.logs.filter((line) => line.msg === 'delivered').length, 3);
  // The holes are still there, on the server's side too: it must let go by itself.
  await eventually(() => sockets(server.pid) <= socketsBefore + 2, 'connections are back', 130_000);
}

const scenarios = { stallReaders, dripHeadersAndBodies, fallIntoBlackHoles };
const running = Object.fromEntries(
  Object.entries(scenarios).map(([name, run]) => [
    name,
    run().then(
      () => undefined,
      (error: unknown) => error,
    ),
  ]),
);
const ending = (name: keyof typeof scenarios) => async (): Promise<void> => {
  const error = await running[name];
  if (error instanceof Error) throw error;
};

slow('200 readers that stop reading are cut, and every descriptor comes back', ending('stallReaders'));
slow('headers and bodies that drip are cut', ending('dripHeadersAndBodies'));
slow('real workers behind lines that turned into black holes finish, each once', ending('fallIntoBlackHoles'));

slow.run();
