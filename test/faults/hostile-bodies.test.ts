// deadline: 240 s
/**
 * Bodies and request lines that are huge, broken or mean, from outside: each is answered with a clear error (or the connection
 * ends), the server's memory stays flat, and `/livez` is answered within 100 ms all the while.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import { type Latency, probeLatency } from '../support/latency-probe.ts';
import { connectTo, postHeaders, type RawAnswer, readAnswer, sendRaw } from '../support/raw-http.ts';
import { openFiles, residentBytes, startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { claimTask, deliver } from './worker-calls.ts';

const hostile = suite('hostile bodies');

const gigabyte = 2 ** 30;
const megabyte = Buffer.alloc(2 ** 20, 'x');
const mostGrowthBytes = 150 * 2 ** 20;

/** Sends on and on, as long as the server takes it. @returns the answer, status 0 where the connection ended without one. */
async function flood(port: number, head: string, piece: Buffer, totalBytes: number): Promise<RawAnswer> {
  const socket = await connectTo(port);
  const answer = readAnswer(socket, 60_000);
  socket.write(head);
  const over = answer.then(() => socket.destroy());
  for (let sentBytes = 0; sentBytes < totalBytes && !socket.destroyed; sentBytes += piece.byteLength) {
    if (!socket.write(piece)) await Promise.race([drained(socket), over]);
  }
  return answer;
}

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('drain', resolve).once('close', () => resolve());
  });

const chunkOfMegabyte = Buffer.concat([Buffer.from('100000\r\n'), megabyte, Buffer.from('\r\n')]);
const nestedBomb = (depth: number): string => `{"id":"x","vtt":${'['.repeat(depth)}${']'.repeat(depth)}}`;

const withBody = (path: string, body: string | Buffer, headers: Record<string, string> = {}): Buffer =>
  Buffer.concat([
    Buffer.from(postHeaders(path, { 'Content-Length': Buffer.byteLength(body), ...headers })),
    Buffer.from(body),
  ]);

const get = (target: string, headers = 'Host: test\r\n'): string => `GET ${target} HTTP/1.1\r\n${headers}\r\n`;

/** What is sent, and the statuses that are a clear answer to it. */
const cases: [what: string, send: (port: number) => Promise<RawAnswer>, statuses: number[]][] = [
  [
    'a body of 1 GB with its length',
    (port) => flood(port, postHeaders('/result', { 'Content-Length': gigabyte }), megabyte, gigabyte),
    [413],
  ],
  [
    'a chunked body of 1 GB',
    (port) => flood(port, postHeaders('/result', { 'Transfer-Encoding': 'chunked' }), chunkOfMegabyte, gigabyte),
    [413],
  ],
  [
    'a length that is a lie',
    (port) => flood(port, postHeaders('/heartbeat', { 'Content-Length': 10 }), megabyte, 2 ** 24),
    // What comes after the ten bytes is another request, of no known method.
    [400, 501],
  ],
  [
    'a compressed body',
    (port) => sendRaw(port, withBody('/result', gzipSync(Buffer.alloc(2 ** 26)), { 'Content-Encoding': 'gzip' })),
    [415],
  ],
  [
    'a form',
    (port) => sendRaw(port, withBody('/result', 'id=x', { 'Content-Type': 'application/x-www-form-urlencoded' })),
    [415],
  ],
  [
    '__proto__',
    (port) => sendRaw(port, withBody('/heartbeat', '{"id":"x","__proto__":{"phase":"download"}}')),
    [400, 404],
  ],
  [
    'constructor.prototype',
    (port) => sendRaw(port, withBody('/heartbeat', '{"id":"x","constructor":{"prototype":{"a":1}}}')),
    [400, 404],
  ],
  ['nested arrays', (port) => sendRaw(port, withBody('/result', nestedBomb(1_000_000))), [400]],
  ['nested objects', (port) => sendRaw(port, withBody('/result', '{"a":'.repeat(500_000))), [400]],
  ['a key twice', (port) => sendRaw(port, withBody('/heartbeat', '{"id":"a","id":"b"}')), [400, 404]],
  ['not UTF-8', (port) => sendRaw(port, withBody('/heartbeat', Buffer.from('{"id":"\xff\xfe"}', 'latin1'))), [400]],
  ['half a surrogate', (port) => sendRaw(port, withBody('/heartbeat', '{"id":"\\ud800"}')), [400, 404]],
  ['NUL in an id', (port) => sendRaw(port, withBody('/heartbeat', '{"id":"\\u0000"}')), [400, 404]],
  ['a number for an id', (port) => sendRaw(port, withBody('/heartbeat', '{"id":1e999}')), [400]],
  ['no JSON', (port) => sendRaw(port, withBody('/result', 'WEBVTT')), [400]],
  ['nothing', (port) => sendRaw(port, withBody('/result', '')), [400]],
  [
    'both kinds of length',
    (port) =>
      sendRaw(
        port,
        `${postHeaders('/heartbeat', { 'Content-Length': 4, 'Transfer-Encoding': 'chunked' })}0\r\n\r\nGET /livez HTTP/1.1\r\n\r\n`,
      ),
    [400],
  ],
  ['a negative length', (port) => sendRaw(port, postHeaders('/heartbeat', { 'Content-Length': -1 })), [400]],
  ['a target of 20 kB', (port) => sendRaw(port, get(`/${'x'.repeat(20_000)}`)), [400, 404, 414, 431]],
  ['headers of 100 kB', (port) => sendRaw(port, get('/livez', `Host: test\r\nX: ${'x'.repeat(100_000)}\r\n`)), [431]],
  [
    '2,000 headers',
    (port) => sendRaw(port, get('/livez', `Host: test\r\n${'X: x\r\n'.repeat(2000)}`)),
    [200, 400, 431],
  ],
  ['no HTTP', (port) => sendRaw(port, 'SSH-2.0-OpenSSH_9.2p1\r\n\r\n'), [400]],
  ['an odd method', (port) => sendRaw(port, 'DELETE /task HTTP/1.1\r\nHost: test\r\n\r\n'), [405]],
  ['no Host', (port) => sendRaw(port, 'GET /nowhere HTTP/1.1\r\n\r\n'), [400]],
  [
    'an id of 200 kB',
    (port) => sendRaw(port, withBody('/heartbeat', JSON.stringify({ id: 'x'.repeat(200_000) }))),
    [400, 413],
  ],
];

const attempts = 3;

/** One after the other, and then the small ones all at once, many times. @returns what was answered wrongly. */
async function sendAll(port: number): Promise<string[]> {
  const wrong: string[] = [];
  for (const [what, send, statuses] of cases) {
    const { status, headers, body } = await send(port);
    const type = headers['content-type'] ?? 'nothing';
    if (!statuses.includes(status)) wrong.push(`${what}: ${status} ${body.slice(0, 200)}`);
    // What is not HTTP at all is answered before anything of ours is asked.
    else if (status >= 400 && !type.startsWith('application/problem+json')) wrong.push(`${what}: ${status} as ${type}`);
    if (/ at |node_modules|\.ts:/u.test(body)) wrong.push(`${what}: tells about its insides: ${body.slice(0, 200)}`);
  }
  const small = cases.slice(3);
  await Promise.all(Array.from({ length: 8 }, () => small).flatMap((each) => each.map(([, send]) => send(port))));
  return wrong;
}

hostile('cost bounded memory, are answered clearly, and hold nobody up', async () => {
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  await mkdir(library);
  await writeFile(path.join(library, 'a.mp3'), 'a.mp3');
  await using server = await startServerProcess({
    library,
    stateFolder: folder.path,
    env: { STT_DEFAULT_LANGUAGE: 'en' },
  });
  const task = await claimTask(server.url);
  const filesBefore = openFiles(server.pid).length;
  // Warm: what the first requests load is not what a flood costs.
  for (const [, send] of cases.slice(3, 8)) await send(server.port);
  const restingBytes = residentBytes(server.pid);
  let mostBytes = restingBytes;
  const watch = setInterval(() => (mostBytes = Math.max(mostBytes, residentBytes(server.pid))), 50);
  let latency: Latency | undefined;
  const wrong: string[] = [];
  try {
    // What blocks it does so every time; a machine that is short of processors rarely does.
    for (let attempt = 0; attempt < attempts && latency?.late !== 0; attempt += 1) {
      const probe = await probeLatency(`${server.url}/livez`);
      wrong.push(...(await sendAll(server.port)));
      latency = await probe.stop();
      console.log(
        `/livez at most ${Math.round(latency.worstMs)} ms of ${latency.samples} (an idle server beside it ${Math.round(latency.machineWorstMs)} ms)`,
      );
    }
  } finally {
    clearInterval(watch);
  }
  console.log(`memory ${Math.round(restingBytes / 2 ** 20)} MiB, at most ${Math.round(mostBytes / 2 ** 20)} MiB`);
  assert.equal(wrong, []);
  assert.ok(
    mostBytes - restingBytes < mostGrowthBytes,
    `grew by ${Math.round((mostBytes - restingBytes) / 2 ** 20)} MiB`,
  );
  assert.is(latency?.late, 0, `/livez took ${latency?.worstMs} ms, ${attempts} times`);
  assert.is((await deliver(server.url, task))?.status, 200, 'the server works on');
  assert.is(Object.getOwnPropertyNames(Object.prototype).includes('phase'), false);
  await eventually(() => openFiles(server.pid).length <= filesBefore + 3, 'descriptors are back', 40_000);
});

hostile.run();
