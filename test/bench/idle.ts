/**
 * 1,000 idle workers in a long poll: what they cost the server a minute, and how long it takes until one of them has the recording
 * that a scan has just found.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processorSeconds, residentBytes, startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { LeanConnection } from './lean-connection.ts';
import { mebibytes, quantile, report, round, say } from './machine.ts';

const workers = Number(process.env['BENCH_WORKERS'] ?? 1000);
const idleSeconds = 30;
const wakeUps = 20;

await using folder = await temporaryFolder();
const library = folder.join('library');
await mkdir(library);
await writeFile(path.join(library, 'not-audio.txt'), 'so that the library is not empty');
await using server = await startServerProcess({
  library,
  stateFolder: folder.path,
  env: { STT_DEFAULT_LANGUAGE: 'en', STT_WATCH: 'true', STT_SCAN_SECONDS: '1' },
});
const restingBytes = residentBytes(server.pid);

const over = new AbortController();
let onGrant: (() => void) | undefined;
const connections = await Promise.all(Array.from({ length: workers }, () => LeanConnection.open(server.port)));
const polling = connections.map(async (connection) => {
  while (!over.signal.aborted) {
    const answer = await connection
      .ask('GET /task?wait=60 HTTP/1.1\r\nHost: bench\r\nX-STT-Protocol: 2\r\n\r\n')
      .catch(() => undefined);
    if (answer?.status === 200) onGrant?.();
  }
});
await delay(3000);
say('idle');
const usedBefore = processorSeconds(server.pid);
const idleFrom = performance.now();
await delay(idleSeconds * 1000);
const usedSeconds = ((processorSeconds(server.pid) - usedBefore) * 60_000) / (performance.now() - idleFrom);
const idleBytes = residentBytes(server.pid);

say('wake-ups');
const latencies: number[] = [];
for (let count = 0; count < wakeUps; count += 1) {
  const granted = new Promise<void>((resolve) => (onGrant = resolve));
  // At random moments of the scan's second.
  await delay(500 + ((count * 137) % 1000));
  await writeFile(path.join(library, `${count}.mp3`), 'a recording');
  const writtenAt = performance.now();
  await granted;
  latencies.push(performance.now() - writtenAt);
}
over.abort();
for (const { socket } of connections) socket.destroy();
await Promise.all(polling);
report(`${workers} idle workers in a long poll (a scan a second, and watching)`, [
  {
    'CPU s a minute': round(usedSeconds),
    'server MiB before': mebibytes(restingBytes),
    'with them': mebibytes(idleBytes),
    'kB a worker': round((idleBytes - restingBytes) / 1024 / workers),
    'wake-up p50 ms': round(quantile(latencies, 0.5)),
    'worst ms': round(Math.max(...latencies)),
  },
]);
