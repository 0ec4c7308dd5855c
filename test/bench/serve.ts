/**
 * Recordings of 200 MB to 50 readers at once, each its own recording: bytes a second against `cat` of the same file into a loopback
 * socket, taken in turns in the same run, and the memory that it takes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, open } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { runChild } from '../../src/run-child.ts';
import { residentBytes, startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { mebibytes, quantile, report, round, type Row, say } from './machine.ts';
import type { SinkOptions, SinkResult } from './sink.ts';

const recordingBytes = 200 * 2 ** 20;
const readers = Number(process.env['BENCH_READERS'] ?? 50);
const turns = 2;

async function sink(options: SinkOptions): Promise<SinkResult> {
  const program = path.join(import.meta.dirname, 'sink.ts');
  const end = await runChild({
    file: process.execPath,
    args: [program, JSON.stringify(options)],
    stdoutLimitBytes: 10_000,
  });
  if (end.exitCode !== 0) throw new Error(end.outputTail);
  return JSON.parse(end.stdout) as SinkResult;
}

await using folder = await temporaryFolder();
const library = folder.join('library');
await mkdir(library);
const first = path.join(library, '0.mp3');
{
  await using file = await open(first, 'w');
  const piece = Buffer.alloc(2 ** 20, 'recording');
  for (let written = 0; written < recordingBytes; written += piece.byteLength) await file.write(piece);
}
// Names of one file: what is measured is sending, and the page cache holds it either way.
for (let index = 1; index < readers * turns; index += 1) await link(first, path.join(library, `${index}.mp3`));

/** `cat FILE` with its standard output on the socket: the kernel's own pace, with one process a reader. */
const cats = createServer({ pauseOnConnect: true }, (socket: Socket) => {
  const cat = spawn('cat', [first], { stdio: ['ignore', socket, 'ignore'] });
  cat.once('exit', () => socket.destroy());
});
cats.listen(0, '127.0.0.1');
await once(cats, 'listening');

await using server = await startServerProcess({
  library,
  stateFolder: folder.path,
  env: { STT_DEFAULT_LANGUAGE: 'en', STT_SCAN_SECONDS: '3600' },
});
const restingBytes = residentBytes(server.pid);
let mostBytes = 0;
const watch = setInterval(() => (mostBytes = Math.max(mostBytes, residentBytes(server.pid))), 100);
const perSecond: Record<'ours' | 'cat', number[]> = { ours: [], cat: [] };
for (let turn = 0; turn < turns; turn += 1) {
  say(`turn ${turn + 1} of ${turns}`);
  const request = 'GET /task HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n';
  const ours = await sink({ port: server.port, readers, request, bytesEach: recordingBytes });
  perSecond.ours.push(ours.bytes / ours.seconds);
  const { port } = cats.address() as AddressInfo;
  const cat = await sink({ port, readers, request: '', bytesEach: recordingBytes });
  perSecond.cat.push(cat.bytes / cat.seconds);
}
clearInterval(watch);
cats.close();
const row = (what: 'ours' | 'cat'): Row => ({ what, 'MiB/s': mebibytes(quantile(perSecond[what], 0.5)) });
report(`Serving: ${readers} readers, recordings of ${recordingBytes / 2 ** 20} MiB (the ratio is of this run)`, [
  {
    ...row('ours'),
    'MiB before': mebibytes(restingBytes),
    'MiB at most': mebibytes(mostBytes),
    ratio: round(quantile(perSecond.ours, 0.5) / quantile(perSecond.cat, 0.5)),
  },
  row('cat'),
]);
