/** Reads from as many connections as it is told, throws everything away, and says how fast it came. A program: options as JSON. */
import { once } from 'node:events';
import { connect } from 'node:net';

export type SinkOptions = { port: number; readers: number; request: string; bytesEach: number };
export type SinkResult = { seconds: number; bytes: number; processorSeconds: number };

const options = JSON.parse(process.argv[2] ?? '') as SinkOptions;
let bytes = 0;
const startedAt = performance.now();

async function read(): Promise<void> {
  const room = Buffer.allocUnsafe(256 * 1024);
  let ofThis = 0;
  const socket = connect({
    port: options.port,
    host: '127.0.0.1',
    // One buffer for everything: the reader shall not be what is measured.
    onread: {
      buffer: room,
      callback: (count) => {
        ofThis += count;
        bytes += count;
        if (ofThis >= options.bytesEach) socket.destroy();
        return true;
      },
    },
  });
  await once(socket, 'connect');
  if (options.request !== '') socket.write(options.request);
  await once(socket, 'close');
  if (ofThis < options.bytesEach) throw new Error(`only ${ofThis} bytes came`);
}

await Promise.all(Array.from({ length: options.readers }, read));
const { user, system } = process.cpuUsage();
const result: SinkResult = {
  seconds: (performance.now() - startedAt) / 1000,
  bytes,
  processorSeconds: (user + system) / 1e6,
};
console.log(JSON.stringify(result));
