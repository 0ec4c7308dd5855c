// deadline: 30 s
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startShapedLink } from './shaped-link.ts';

const run = suite('startShapedLink');

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

run('passes every byte in order, no faster than its rate, after its delay', async () => {
  const answer = Buffer.alloc(1_000_000, Array.from({ length: 997 }, (_, n) => n % 251).join(','));
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', () => socket.end(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  const shape = { bitsPerSecond: 20_000_000, delayMs: 30 };
  await using link = await startShapedLink((server.address() as AddressInfo).port, shape);
  const ask = async (): Promise<{ firstMs: number; ms: number }> => {
    const startedAt = performance.now();
    const socket = connect(link.port, '127.0.0.1');
    socket.write('?');
    const pieces: Buffer[] = [];
    let firstMs = 0;
    for await (const piece of socket as AsyncIterable<Buffer>) {
      firstMs ||= performance.now() - startedAt;
      pieces.push(piece);
    }
    assert.is(digest(Buffer.concat(pieces)), digest(answer));
    return { firstMs, ms: performance.now() - startedAt };
  };
  const alone = await ask();
  assert.ok(alone.firstMs >= 58, `${alone.firstMs} ms`);
  // 8 Mbit at 20 Mbit/s: 400 ms, less the burst, and the delays.
  assert.ok(alone.ms >= 440 && alone.ms < 1500, `${alone.ms} ms`);
  const [one, two] = await Promise.all([ask(), ask()]);
  assert.ok(Math.max(one.ms, two.ms) >= 840, 'two share the line');
  server.close();
});

run.run();
