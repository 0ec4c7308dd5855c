/** A library of 100,000 recordings, in one folder and in 1,000: how long the first scan takes, a later one, and `/livez` meanwhile. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { probeLatency } from '../support/latency-probe.ts';
import { freePort, residentBytes, spawnServer } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { mebibytes, report, round, type Row, say } from './machine.ts';

const recordings = Number(process.env['BENCH_RECORDINGS'] ?? 100_000);
const rows: Row[] = [];

for (const folders of [1, 1000]) {
  say(`${recordings} recordings in ${folders} folders`);
  await using folder = await temporaryFolder();
  const library = folder.join('library');
  for (let index = 0; index < recordings; index += 1) {
    const place = path.join(library, String(index % folders));
    if (index < folders) await mkdir(place, { recursive: true });
    await writeFile(path.join(place, `${index}.mp3`), 'x');
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { STT_DEFAULT_LANGUAGE: 'en', STT_SCAN_SECONDS: '10' };
  const readyz = (): Promise<number> =>
    fetch(`${url}/readyz`).then(
      ({ status }) => status,
      () => 0,
    );
  const isLive = (): Promise<boolean> =>
    fetch(`${url}/livez`).then(
      ({ ok }) => ok,
      () => false,
    );

  const startedAt = performance.now();
  await using server = spawnServer({ library, stateFolder: folder.path, port, env });
  // What ready means comes from outside: the first scan is through.
  const listening = eventually(isLive, 'listens', 60_000).then(async () => ({
    listensMs: performance.now() - startedAt,
    probe: await probeLatency(`${url}/livez`),
  }));
  await server.listening;
  await eventually(async () => (await readyz()) === 200, 'ready', 300_000);
  const readyMs = performance.now() - startedAt;
  const { listensMs, probe } = await listening;
  const first = await probe.stop();

  // The same in a later scan, with one recording that is new at its very end.
  const later = await probeLatency(`${url}/livez`);
  const place = path.join(library, String(folders - 1));
  await writeFile(path.join(place, 'zz-new.mp3'), 'x');
  await delay(22_000);
  const second = await later.stop();
  const scans = server.logs.map((line) => line['seconds']).filter((seconds) => typeof seconds === 'number');
  rows.push({
    folders,
    'listens after s': round(listensMs / 1000),
    'ready after s': round(readyMs / 1000),
    'scans as logged s': scans.join(' ') || 'not logged',
    'worst /livez ms, first scan': round(first.worstMs),
    'later scans': round(second.worstMs),
    'of an idle server': round(Math.max(first.machineWorstMs, second.machineWorstMs)),
    'server MiB': mebibytes(residentBytes(server.pid)),
  });
  await server.stop();
}
report(`Scan of ${recordings} recordings`, rows);
