/**
 * 3,000 recordings of 20 kB through the whole server: claim, download, deliver, every acknowledgement durable; by 16 and by 128
 * parallel workers of both protocols. For the ratio, in the same run: this disk's syncs, and a stand-in of the ancestor.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runChild } from '../../src/run-child.ts';
import { startProgram } from '../support/programs.ts';
import { python } from '../support/python.ts';
import { processorSeconds, residentBytes, startServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { quantile, report, round, type Row, say, syncsPerSecond, mebibytes } from './machine.ts';
import type { QueueLoadOptions, QueueLoadResult } from './queue-load.ts';

const recordings = Number(process.env['BENCH_RECORDINGS'] ?? 3000);
const recordingBytes = 20_000;

/** In folders of 100, as libraries have them; each begins with its own name. */
async function makeLibrary(library: string): Promise<void> {
  for (let index = 0; index < recordings; index += 1) {
    const folder = path.join(library, String(Math.floor(index / 100)));
    if (index % 100 === 0) await mkdir(folder, { recursive: true });
    const name = createHash('sha256').update(String(index)).digest('hex').slice(0, 24);
    await writeFile(path.join(folder, `${index}.mp3`), name.padEnd(recordingBytes, 'x'));
    await writeFile(path.join(folder, `${index}.json`), '{"sql_params":{"language":"en"}}');
  }
}

async function load(options: QueueLoadOptions): Promise<QueueLoadResult> {
  const end = await runChild({
    file: process.execPath,
    args: [path.join(import.meta.dirname, 'queue-load.ts'), JSON.stringify(options)],
    stdoutLimitBytes: 10_000_000,
  });
  if (end.exitCode !== 0) throw new Error(end.outputTail);
  return JSON.parse(end.stdout) as QueueLoadResult;
}

function rowOf(what: string, options: QueueLoadOptions, result: QueueLoadResult): Row {
  return {
    server: what,
    protocol: options.protocol,
    workers: options.connections,
    grants: result.grants,
    duplicates: result.duplicates,
    accepted: result.accepted,
    'tasks/s': round(result.accepted / result.seconds),
    'claim p50 ms': round(quantile(result.claimMs, 0.5)),
    'claim p99 ms': round(quantile(result.claimMs, 0.99)),
    'result p50 ms': round(quantile(result.resultMs, 0.5)),
    'result p99 ms': round(quantile(result.resultMs, 0.99)),
    'client CPU s': round(result.processorSeconds),
  };
}

await using folder = await temporaryFolder();
// One for each run: ext4 goes round the places of files that were deleted within the last minutes, which takes it long.
const libraries = Array.from({ length: 5 }, (_, index) => folder.join(`library-${index}`));
for (const library of libraries) await makeLibrary(library);
const syncsBefore = syncsPerSecond(folder.path);
const rows: Row[] = [];

for (const [protocol, connections] of [
  [2, 16],
  [2, 128],
  [1, 16],
  [1, 128],
] as const) {
  say(`protocol ${protocol}, ${connections} workers`);
  const stateFolder = folder.join(`state-${rows.length}`);
  await mkdir(stateFolder);
  const library = libraries[rows.length] ?? '';
  await using server = await startServerProcess({ library, stateFolder, env: { STT_SCAN_SECONDS: '3600' } });
  const usedBefore = processorSeconds(server.pid);
  const options = { port: server.port, connections, protocol, seconds: 60 };
  const result = await load(options);
  rows.push({
    ...rowOf('ours', options, result),
    'server CPU s': round(processorSeconds(server.pid) - usedBefore),
    'server MiB': mebibytes(residentBytes(server.pid)),
  });
  await server.stop();
}

/** Written from the description of the ancestor's wire; the real one has more to do for each call. */
async function measureStandIn(connections: number): Promise<Row | undefined> {
  const check = await runChild({ file: python, args: ['-c', 'import fastapi, uvicorn'] }).catch(() => undefined);
  if (check?.exitCode !== 0) return undefined;
  say(`a stand-in of the ancestor, ${connections} workers`);
  const library = libraries.at(-1) ?? '';
  await using server = startProgram({
    file: python,
    args: ['-u', path.join(import.meta.dirname, '..', 'interop', 'ancestor-server.py')],
    cwd: folder.path,
    env: { AUDIO_DIR: library },
  });
  const options = {
    port: Number(new URL(await server.seen(/^http:/u)).port),
    connections,
    protocol: 1 as const,
    seconds: 10,
  };
  return rowOf('stand-in of the ancestor', options, await load(options));
}

const standIn = process.argv.includes('--only-ours') ? undefined : await measureStandIn(16);
if (standIn !== undefined) {
  for (const row of rows) row['times the stand-in'] = round(Number(row['tasks/s']) / Number(standIn['tasks/s']));
  rows.push(standIn);
}
report(`Queue: ${recordings} recordings of ${recordingBytes / 1000} kB, durable acknowledgements`, rows, {
  'syncs/s before': syncsBefore,
  'syncs/s after': syncsPerSecond(folder.path),
  'the stand-in':
    standIn === undefined
      ? 'not measured: no Python with fastapi and uvicorn'
      : 'not the ancestor itself: written from its wire; ten seconds',
});
