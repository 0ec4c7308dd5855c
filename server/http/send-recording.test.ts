import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { Library } from '../library/library.ts';
import { smallBytes } from '../library/look-at-recording.ts';
import { etagOf, rangeOf, type Sent, sendRecording } from './send-recording.ts';

const run = suite('sendRecording');

run('sends what cannot be a single range as a whole', () => {
  assert.equal(rangeOf('bytes=0-9', 100), { start: 0, end: 9 });
  assert.equal(rangeOf('bytes=-10', 100), { start: 90, end: 99 });
  assert.equal(rangeOf('bytes=90-1000', 100), { start: 90, end: 99 });
  for (const header of [undefined, 'nonsense', 'lines=1-2', 'bytes=0-1,5-6', 'bytes=']) {
    assert.is(rangeOf(header, 100), 'whole', header);
  }
  assert.is(rangeOf('bytes=100-', 100), 'unsatisfiable');
});

/** A server that sends one recording, without the rest of ours. `how` tells how each answer went. */
async function startSender(given: {
  sizeBytes: number;
  stallMs?: number;
  before?: (file: string) => Promise<void>;
  beforeSending?: () => Promise<void>;
}) {
  const { sizeBytes, stallMs = 60_000, before, beforeSending } = given;
  const folder = await temporaryFolder();
  const bytes = randomBytes(sizeBytes);
  await writeFile(folder.join('a.mp3'), bytes);
  const library = await Library.start({
    root: folder.path,
    transcriptPattern: '{stem}.vtt',
    onFailure: (error) => {
      throw error;
    },
  });
  const opened = await library.open('a.mp3');
  if (opened.kind !== 'open') throw new Error(opened.reason);
  const { recording } = opened;
  await before?.(folder.join('a.mp3'));
  const how: (Sent | 'unread')[] = [];
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      response.end('heard');
      return;
    }
    const range = rangeOf(request.headers.range, recording.sizeBytes);
    if (range === 'unsatisfiable') throw new Error(range);
    const send = async (): Promise<void> => {
      await beforeSending?.();
      const options = { range, headers: {}, stallMs, onUnread: () => how.push('unread') };
      how.push(await sendRecording(response, recording, options));
    };
    void send();
  });
  let lastSocket: Socket | undefined;
  server.on('connection', (socket) => (lastSocket = socket));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    bytes,
    port,
    url: `http://127.0.0.1:${port}/`,
    how,
    /** A connection that has asked, and reads nothing. */
    ask(): Socket {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      socket.pause();
      return socket;
    },
    connectionGone: () => new Promise((resolve) => lastSocket?.once('close', resolve)),
    ended: () => eventually(() => how[0], 'the answer ends'),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await recording[Symbol.asyncDispose]();
      await library.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

for (const sizeBytes of [1, 20_000, smallBytes, smallBytes + 1, 5_000_000]) {
  run(`sends ${sizeBytes} bytes whole, in part, and their headers alone`, async () => {
    await using sender = await startSender({ sizeBytes });
    const whole = await fetch(sender.url);
    assert.is(whole.headers.get('content-length'), String(sizeBytes));
    assert.ok(sender.bytes.equals(Buffer.from(await whole.arrayBuffer())));
    const middle = Math.floor(sizeBytes / 2);
    for (const [range, part] of [
      [`bytes=${middle}-`, sender.bytes.subarray(middle)],
      ['bytes=-1', sender.bytes.subarray(-1)],
      ['bytes=0-0', sender.bytes.subarray(0, 1)],
    ] as const) {
      const answer = await fetch(sender.url, { headers: { Range: range } });
      assert.is(answer.status, 206);
      assert.ok(part.equals(Buffer.from(await answer.arrayBuffer())), range);
    }
    const head = await fetch(sender.url, { method: 'HEAD' });
    assert.is(head.headers.get('content-length'), String(sizeBytes));
    assert.is((await head.arrayBuffer()).byteLength, 0);
    assert.equal(sender.how, ['whole', 'whole', 'whole', 'whole', 'whole']);
  });
}

run('cuts off a reader that takes nothing any more, and lets a slow one have it all', async () => {
  await using sender = await startSender({ sizeBytes: 64 * 1024 * 1024, stallMs: 300 });
  const socket = sender.ask();
  assert.is(await sender.ended(), 'begun');
  socket.destroy();

  const slow = sender.ask();
  let count = 0;
  slow.on('data', (chunk) => {
    count += chunk.length;
    slow.pause();
    setTimeout(() => slow.resume(), 1);
  });
  slow.resume();
  await eventually(() => sender.how[1], 'the slow one is through');
  assert.is(sender.how[1], 'whole');
  await eventually(() => count > sender.bytes.length, 'all of it arrives');
  slow.destroy();
});

run('does not let a reader wait for the rest of a recording that became shorter', async () => {
  await using sender = await startSender({ sizeBytes: 1_000_000, before: (file) => truncate(file, 1000) });
  const response = await fetch(sender.url);
  let broke = false;
  await response.arrayBuffer().catch(() => (broke = true));
  assert.ok(broke);
  assert.is(await sender.ended(), 'begun');
});

for (const sizeBytes of [20_000, 5_000_000]) {
  for (const isNoticed of [true, false]) {
    const when = isNoticed ? 'before' : 'in the very moment in which';
    run(`begins nothing for a reader that hung up ${when} ${sizeBytes} bytes were to be sent`, async () => {
      const sockets: Socket[] = [];
      const beforeSending = async (): Promise<void> => {
        const closed = once(sockets[0] as Socket, 'close');
        sockets[0]?.destroy();
        if (isNoticed) await closed;
      };
      await using sender = await startSender({ sizeBytes, beforeSending });
      sockets.push(sender.ask());
      assert.is(await sender.ended(), 'nothing');
    });
  }
}

run('hears of a reader that hung up without having read what was sent', async () => {
  await using sender = await startSender({ sizeBytes: 20_000 });
  const socket = sender.ask();
  await sender.ended();
  socket.resetAndDestroy();
  await eventually(() => sender.how.length === 2, 'the reset is noticed');
  assert.equal(sender.how, ['whole', 'unread']);

  const inOrder = sender.ask();
  inOrder.resume();
  await eventually(() => sender.how.length === 3, 'the second one is sent');
  await eventually(() => inOrder.bytesRead > 20_000, 'it is read');
  inOrder.end();
  await once(inOrder, 'close');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sender.how, ['whole', 'unread', 'whole']);
});

run('takes a recording as read by whoever said something after it', async () => {
  await using sender = await startSender({ sizeBytes: 20_000 });
  const socket = sender.ask();
  socket.resume();
  await eventually(() => socket.bytesRead > 20_000, 'it is read');
  const recordingBytes = socket.bytesRead;
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
  await eventually(() => socket.bytesRead > recordingBytes, 'the second answer came');
  const gone = sender.connectionGone();
  socket.resetAndDestroy();
  await gone;
  assert.equal(sender.how, ['whole']);
});

run('sends a part only to one who has the rest of the same recording', () => {
  const etag = etagOf('abc');
  assert.equal(rangeOf('bytes=5-', 10, { ifRange: '"abc"', etag }), { start: 5, end: 9 });
  assert.equal(rangeOf('bytes=5-', 10, { etag }), { start: 5, end: 9 });
  for (const ifRange of ['"other"', 'W/"abc"', 'Sun, 06 Nov 1994 08:49:37 GMT']) {
    assert.is(rangeOf('bytes=5-', 10, { ifRange, etag }), 'whole', ifRange);
  }
  assert.is(rangeOf('bytes=5-', 10, { ifRange: '"abc"' }), 'whole');
  assert.is(rangeOf('bytes=50-', 10, { ifRange: '"other"', etag }), 'whole');
});

run.run();
