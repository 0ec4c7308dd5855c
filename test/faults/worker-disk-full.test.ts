/**
 * A full disk below each folder of a worker: no transcript is lost, no recording is blamed, nothing spins, and work goes on without
 * a restart when there is room. A run that is to end by itself ends with 74. Where no disk can be mounted they are skipped.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.ts';
import { type DataPaths, dataPaths } from '../../src/config/data-paths.ts';
import { downloadRecording } from '../../src/worker/pipeline/download-recording.ts';
import { type FakeServer, startFakeServer } from '../../src/worker/testing/fake-server.ts';
import { hurriedClock } from '../../src/worker/testing/hurried-clock.ts';
import { startWorker } from '../../src/worker/testing/start-worker.ts';
import { eventually } from '../support/eventually.ts';
import { rejects } from '../support/rejects.ts';
import { canMount, type SmallDisk, smallDisk } from '../support/small-disk.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { type FaultWorker, startFaultWorker } from './fault-worker.ts';
import { heldFfmpeg, type HeldFfmpeg } from './held-ffmpeg.ts';
import { scriptedEngine, type ScriptedEngine } from './scripted-engine.ts';
import { recordingNumber } from './worker-scene.ts';

const mebibyte = 1024 ** 2;
/** A worker wants 64 MiB for a recording. */
const workBytes = 96 * mebibyte;
const ioError = 74;

const full = suite('disk full');

const probe = await temporaryFolder();
const mayMount = await canMount(probe.path);
await probe[Symbol.asyncDispose]();
const test = (title: string, body: () => Promise<void>): void =>
  mayMount ? full(title, body) : full.skip(title, body);
if (!mayMount) console.log('skipped: mounting a small tmpfs is not permitted here (it takes root on Linux)');

type Site = {
  paths: DataPaths;
  engine: ScriptedEngine;
  ffmpeg: HeldFfmpeg;
  start: (args?: readonly string[]) => FaultWorker;
};

async function openSite(folder: TemporaryFolder, server: FakeServer): Promise<Site> {
  const dataFolder = folder.join('data');
  await mkdir(dataFolder, { recursive: true });
  const engine = scriptedEngine(folder.join('whisper-cli'));
  const ffmpeg = heldFfmpeg(folder.join('bin'));
  // With so small a disk nothing is claimed ahead anyway.
  const env = { PATH: ffmpeg.searchPath, STT_PREFETCH: '0' };
  return {
    paths: dataPaths(dataFolder),
    engine,
    ffmpeg,
    start: (args = []) => startFaultWorker({ dataFolder, serverUrl: server.url, engineFile: engine.file, args, env }),
  };
}

/** The server takes no transcript. */
function refuseResults(server: FakeServer): void {
  server.misbehave((call, response) => {
    if (call.path !== '/result') return false;
    response.writeHead(503).end();
    return true;
  });
}

test('below the work folder, from the start: said plainly, with 74', async () => {
  await using folder = await temporaryFolder();
  await using disk = await smallDisk(folder.join('data', 'worker', 'work'), mebibyte);
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const { start } = await openSite(folder, server);
  await disk.fill();
  await using worker = start();
  assert.is((await worker.ended).exitCode, ioError, worker.complaints());
  const [error] = worker.all('error');
  assert.match(error?.message ?? '', /ENOSPC|no space left|disk is full/u);
  assert.match(error?.hint ?? '', 'room');
  assert.equal([server.calls, readdirSync(disk.path)], [[], ['.filler']]);
});

test('below the work folder, by the recording itself: handed back, and a batch ends with 74', async () => {
  await using folder = await temporaryFolder();
  await using disk = await smallDisk(folder.join('data', 'worker', 'work'), workBytes);
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const { start } = await openSite(folder, server);
  server.add(Buffer.alloc(workBytes + mebibyte));
  await using worker = start(['--until-empty']);
  assert.is((await worker.ended).exitCode, ioError, worker.complaints());
  assert.equal(
    worker.all('handed_back').map(({ accepted, fault }) => [accepted, fault]),
    [[true, 'machine']],
  );
  assert.equal([server.callsOf('release').length, server.callsOf('error').length], [1, 0]);
  assert.match(worker.all('error')[0]?.message ?? '', /no space left|MiB are free/u);
  assert.equal(readdirSync(disk.path), []);
});

test('below the work folder, while it decodes and while the engine writes: no recording is blamed', async () => {
  await using folder = await temporaryFolder();
  await using disk = await smallDisk(folder.join('data', 'worker', 'work'), workBytes);
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const { start, engine, ffmpeg } = await openSite(folder, server);
  ffmpeg.hold();
  server.add(recordingNumber(1));
  await using worker = start();
  await eventually(() => ffmpeg.pids().length > 0, 'it decodes', 20_000);
  await disk.fill();
  ffmpeg.letGo();
  await worker.saw('handed_back');
  await disk.free();
  await worker.saw('transcribed');

  engine.behave('waits for go');
  server.add(recordingNumber(2));
  await eventually(() => engine.runsOnRecordings().length === 2, 'the engine runs', 20_000);
  await disk.fill();
  engine.go();
  await eventually(() => worker.all('handed_back').length === 2, 'handed back');
  await disk.free();
  await eventually(() => worker.all('transcribed').length === 2, 'transcribed', 20_000);
  for (const { accepted, fault, reason } of worker.all('handed_back')) {
    assert.equal([accepted, fault], [true, 'machine'], reason);
  }
  assert.equal([server.callsOf('error').length, server.callsOf('result').length], [0, 2]);
});

test('below the work folder, while it waits for a task: none is taken, and it goes on when there is room', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  let disk: SmallDisk | undefined;
  await using worker = await startWorker({
    serverUrl: server.url,
    clock: hurriedClock(),
    async prepare(paths) {
      disk = await smallDisk(paths.work, workBytes);
    },
  });
  // Before its folder is removed.
  await using last = new AsyncDisposableStack();
  last.defer(async () => {
    worker.stop();
    await worker.ended;
    await disk?.[Symbol.asyncDispose]();
  });
  await eventually(() => server.callsOf('task').length > 0, 'it asks');
  await disk?.fill();
  server.add(recordingNumber(1));
  const { fault, reason } = await worker.saw('handed_back');
  assert.is(fault, 'machine', reason);
  await eventually(
    () => worker.events.some((event) => event.event === 'warning' && /MiB are free/u.test(event.message)),
    'it says that the disk is full',
  );
  const asked = server.callsOf('task').length;
  // A minute of its clock.
  await delay(2000);
  assert.is(server.callsOf('task').length, asked, 'it claims on a full disk');
  assert.is(worker.events.filter(({ event }) => event === 'warning').length, 1);
  await disk?.free();
  await worker.saw('transcribed');
});

test('below the outbox: delivered without it, or handed back; and the next one is kept again', async () => {
  await using folder = await temporaryFolder();
  await using disk = await smallDisk(folder.join('data', 'worker', 'outbox'), 65_536);
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const { start, paths } = await openSite(folder, server);
  await using worker = start();
  await worker.saw('started');
  await disk.fill();
  server.add(recordingNumber(1));
  assert.is((await worker.saw('transcribed')).delivery, 'accepted');

  refuseResults(server);
  for (const number of [2, 3]) server.add(recordingNumber(number));
  await worker.saw('handed_back');
  const startedAt = performance.now();
  await eventually(() => worker.all('handed_back').length >= 3, 'handed back, and again', 20_000);
  for (const { accepted, fault, reason } of worker.all('handed_back')) {
    assert.equal([accepted, fault], [true, 'machine'], reason);
    assert.match(reason, /outbox .*no space left/u);
  }
  assert.ok(performance.now() - startedAt > 900, 'it rests in between, longer each time');

  // There is room; the server still takes nothing.
  await disk.free();
  server.add(recordingNumber(4));
  await worker.saw('waiting', undefined, 20_000);
  const letters = (): string[] => readdirSync(paths.outbox).filter((name) => name.endsWith('.json'));
  assert.is(letters().length, 1);
  server.misbehave(undefined);
  await worker.saw('delivered', undefined, 20_000);
  assert.equal([letters(), worker.all('failed')], [[], []]);
  const delivered = server.callsOf('result').at(-1);
  assert.match(String(delivered?.body['vtt']), 'one &amp; two');
});

test('below the outbox, in a batch that nobody takes the transcripts of: 74', async () => {
  await using folder = await temporaryFolder();
  await using disk = await smallDisk(folder.join('data', 'worker', 'outbox'), 65_536);
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const { start } = await openSite(folder, server);
  refuseResults(server);
  await disk.fill();
  server.add(recordingNumber(1));
  await using worker = start(['--until-empty']);
  assert.is((await worker.ended).exitCode, ioError, worker.complaints());
  assert.equal([server.callsOf('release').length, server.callsOf('error').length], [1, 0]);
  assert.match(worker.all('error')[0]?.message ?? '', 'outbox');
});

test('below the records, and whatever else a worker writes for people: work goes on', async () => {
  await using folder = await temporaryFolder();
  await using disk = await smallDisk(folder.join('data', 'worker'), 65_536);
  // These two have room.
  await using work = await smallDisk(folder.join('data', 'worker', 'work'), workBytes);
  await using outbox = await smallDisk(folder.join('data', 'worker', 'outbox'), mebibyte);
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const { start, paths } = await openSite(folder, server);
  await disk.fill();
  for (const number of [1, 2, 3]) server.add(recordingNumber(number));
  await using batch = start(['--until-empty']);
  assert.is((await batch.ended).exitCode, 0, batch.complaints());
  assert.equal(
    batch.all('transcribed').map(({ delivery }) => delivery),
    ['accepted', 'accepted', 'accepted'],
  );
  const warnings = batch.all('warning').filter(({ message }) => message.includes(paths.folder));
  assert.ok(warnings.length > 0, 'it says so');
  assert.ok(warnings.length <= 4, `${warnings.length} warnings`);

  await using worker = start();
  await worker.saw('started');
  server.add(recordingNumber(4));
  await worker.saw('transcribed');
  await disk.free();
  server.add(recordingNumber(5));
  const written = (): string =>
    existsSync(paths.workerProcessedCsv) ? readFileSync(paths.workerProcessedCsv, 'utf8') : '';
  await eventually(() => written().includes(',success,'), 'the records go on');
  await eventually(
    () => existsSync(paths.workerRecords) && readdirSync(paths.workerRecords).length > 0,
    'and those of the month',
  );
  assert.ok([work.path, outbox.path].every((place) => existsSync(place)));
});

/** In one write of the system, which then takes a part and calls that a success. */
test('a recording whose last bytes find no room is not taken for a whole one', async () => {
  await using folder = await temporaryFolder();
  await using disk = await smallDisk(path.join(folder.path, 'disk'), 98_304);
  const bytes = Buffer.alloc(100_000, 7);
  const download = downloadRecording({
    client: { fetchAudio: () => Promise.resolve({ kind: 'refused', reason: 'nobody should ask' }) },
    lease: { id: 'a', language: 'en', seconds: 90 },
    patienceMs: 1,
    recording: {
      body: Readable.from([bytes]),
      fromByte: 0,
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    },
    file: path.join(disk.path, 'recording'),
    signal: new AbortController().signal,
    clock: systemClock,
  });
  const error = await rejects(download, /no space left|ENOSPC/u);
  assert.equal([error['code'], error['exitCode']], ['STT_WORK_FOLDER', ioError]);
});

full.run();
