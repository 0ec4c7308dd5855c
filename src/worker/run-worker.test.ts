import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { isRunning } from '../../test/support/processes.ts';
import { rejects } from '../../test/support/rejects.ts';
import type { Habit } from '../engine/testing/fake-whisper-cli.ts';
import { type FakeServer, startFakeServer } from './testing/fake-server.ts';
import { hurriedClock } from './testing/hurried-clock.ts';
import { lettersIn, readSample, startWorker } from './testing/start-worker.ts';

const run = suite('runWorker');

const sample = await readSample();

async function serverWith(...recordings: Buffer[]): Promise<FakeServer> {
  const server = await startFakeServer({ flavour: 'protocol 2' });
  for (const bytes of recordings) server.add(bytes);
  return server;
}

run('empties the queue, tells what it measured, and leaves no file behind', async () => {
  await using server = await serverWith(sample, sample);
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
  const summary = await worker.ended;
  assert.equal([summary.transcribed, summary.failed, summary.waiting], [2, 0, 0]);

  const [result] = server.callsOf('result');
  assert.match(String(result?.body['vtt']), /^WEBVTT\n\n00:00:00\.000 --> 00:00:06\.\d{3}\n one &amp; two\n\n$/u);
  assert.ok(Math.abs(Number(result?.body['duration']) - 6) < 0.2);
  assert.equal([result?.body['model'], result?.body['language']], ['any', 'en']);
  assert.equal(await lettersIn(worker.paths.outbox), []);
  assert.equal(await readdir(worker.paths.work), []);
  const csv = (await readFile(worker.paths.workerProcessedCsv, 'utf8')).split('\n');
  assert.is(csv[0], 'file_id,language,time_taken,audio_minutes,status,reason');
  assert.match(csv[1] ?? '', /^[0-9a-f]{32},en,\d+\.\d\d,0\.10,success,$/u);
});

run('says who it is and asks for no long poll when it is to end', async () => {
  await using server = await serverWith();
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
  await worker.ended;
  const [call] = server.calls;
  assert.is(call?.path, '/task');
  assert.equal([call?.headers['x-stt-protocol'], call?.headers['x-stt-worker']], ['2', 'tester']);
});

run('takes one task when told so', async () => {
  await using server = await serverWith(sample, sample);
  await using worker = await startWorker({ serverUrl: server.url, mode: 'once' });
  assert.is((await worker.ended).transcribed, 1);
  assert.is(server.callsOf('task').length, 1);
});

run('starts at once when a recording appears while it waits', async () => {
  await using server = await serverWith();
  await using worker = await startWorker({ serverUrl: server.url });
  await eventually(() => server.callsOf('task').length > 0, 'the worker asks');
  assert.match(server.callsOf('task')[0]?.path ?? '', /\?wait=\d+$/u);
  server.add(sample);
  const addedAt = performance.now();
  await worker.saw('claimed');
  assert.ok(performance.now() - addedAt < 1000);
  assert.is((await worker.saw('transcribed')).delivery, 'accepted');
});

run('works on several tasks at the same time', async () => {
  await using server = await serverWith(sample, sample);
  await using worker = await startWorker({ serverUrl: server.url, habit: 'hangs', env: { STT_SLOTS: '2' } });
  await eventually(() => server.leases.size === 2, 'two tasks are out');
  await eventually(async () => (await worker.engine.pids()).length === 2, 'two engines run');
  assert.equal((await readdir(path.join(worker.paths.work, (await readdir(worker.paths.work))[0] ?? ''))).length, 2);
});

run('delivers silence as an empty transcript', async () => {
  await using server = await serverWith(sample);
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', habit: 'hears_nothing' });
  const summary = await worker.ended;
  assert.equal([summary.transcribed, summary.noSpeech, summary.failed], [1, 1, 0]);
  assert.is(server.callsOf('result')[0]?.body['vtt'], 'WEBVTT\n\n');
});

const badRecordings: [string, Buffer, RegExp][] = [
  ['an empty recording', Buffer.alloc(0), /empty \(0 bytes\)/u],
  ['a text file', Buffer.from('Dear Sir,\n'.repeat(300)), /not audio/u],
  ['a truncated recording', sample.subarray(0, sample.length / 2), /cut off or damaged/u],
  ['a playlist', Buffer.from('#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n'), /playlist/u],
];
for (const [name, bytes, reason] of badRecordings) {
  run(`tells the server why ${name} failed, and goes on`, async () => {
    await using server = await serverWith(bytes, sample);
    await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
    const summary = await worker.ended;
    assert.equal([summary.transcribed, summary.failed], [1, 1]);
    assert.match(String(server.callsOf('error')[0]?.body['error']), reason);
    assert.match(await readFile(worker.paths.workerProcessedCsv, 'utf8'), /,failure,/u);
  });
}

const badEngines: [Habit, RegExp][] = [
  ['writes_nothing', /wrote no transcript/u],
  ['writes_garbage', /not WebVTT/u],
  ['crashes', /SIGSEGV.*GGML_ASSERT failed/su],
];
for (const [habit, reason] of badEngines) {
  run(`reports an engine that ${habit.replaceAll('_', ' ')}, and goes on`, async () => {
    await using server = await serverWith(sample, sample);
    await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', habit });
    assert.is((await worker.ended).failed, 2);
    assert.is(server.callsOf('error').length, 2);
    assert.match(String(server.callsOf('error')[0]?.body['error']), reason);
    assert.is(server.callsOf('result').length, 0);
  });
}

run('hands back what this machine failed at once, and takes the second time for an attempt', async () => {
  await using server = await serverWith(sample);
  await using worker = await startWorker({ serverUrl: server.url, habit: 'writes_half', clock: hurriedClock() });
  const { fault, reason } = await worker.saw('handed_back');
  assert.is(fault, 'machine');
  assert.match(reason, /cut off \(is the disk full\?\)/u);
  assert.is((await worker.saw('failed')).fault, 'machine');
  assert.equal([server.callsOf('release').length, server.callsOf('error').length], [1, 1]);
  assert.is(server.callsOf('error')[0]?.body['fault'], 'machine');
});

run('hands back what would crawl on the CPU since the GPU is gone', async () => {
  await using server = await serverWith(sample);
  await using worker = await startWorker({ serverUrl: server.url, habit: 'loses_its_gpu', clock: hurriedClock() });
  await worker.saw('transcribed');
  await writeFile(`${worker.engine.file}.broken`, '');
  server.add(sample);
  const { fault, reason } = await worker.saw('handed_back');
  assert.is(fault, 'engine');
  assert.match(reason, /found a GPU at its start, and finds none now/u);
  worker.stop();
  await worker.ended;
  assert.is(server.callsOf('result').length, 1);
});

run('ends a run that is to end by itself where this machine fails', async () => {
  await using server = await serverWith(sample);
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', habit: 'writes_half' });
  const error = await rejects(worker.ended, /cut off/u);
  assert.equal([error['code'], error['exitCode']], ['STT_MACHINE_FAULT', 69]);
  assert.equal([server.callsOf('release').length, server.callsOf('error').length], [1, 0]);
});

run('delivers what an engine wrote that leaks its output, and ends what it left', async () => {
  await using server = await serverWith(sample);
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', habit: 'leaks_its_output' });
  assert.is((await worker.ended).transcribed, 1);
  for (const pid of await worker.engine.pids()) await eventually(() => !isRunning(pid), 'nothing runs on');
});

run('fails a task in a language that Whisper does not know without downloading it', async () => {
  await using server = await serverWith();
  server.add(sample, 'klingon');
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty' });
  assert.is((await worker.ended).failed, 1);
  assert.match(String(server.callsOf('error')[0]?.body['error']), /no language "klingon"/u);
});

run('drops the work at once when the lease is lost, and tells nobody', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2', leaseSeconds: 0.6 });
  server.add(sample);
  await using worker = await startWorker({ serverUrl: server.url, habit: 'hangs' });
  const [pid = 0] = await worker.engine.pids();
  assert.ok(isRunning(pid));
  server.leases.clear();
  const { reason } = await worker.saw('lease_lost');
  assert.match(reason, 'ID not found');
  assert.not(isRunning(pid));
  assert.equal([server.callsOf('error').length, server.callsOf('release').length], [0, 0]);
});

run('tells phase and progress with the heartbeat', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2', leaseSeconds: 0.3 });
  server.add(sample);
  await using worker = await startWorker({ serverUrl: server.url, habit: 'hangs' });
  await worker.engine.pids();
  const beat = await eventually(
    () => server.callsOf('heartbeat').find((call) => call.body['progress'] === 0.1),
    'a heartbeat with progress',
  );
  assert.is(beat.body['phase'], 'transcribe');
});

run('says once that the server is away, and once that it is back', async () => {
  await using server = await serverWith();
  await server.goAway();
  await using worker = await startWorker({ serverUrl: server.url, env: { STT_SLOTS: '2' }, clock: hurriedClock() });
  assert.match((await worker.saw('server_away')).reason, /ECONNREFUSED/u);
  await server.comeBack();
  server.add(sample);
  await worker.saw('transcribed');
  assert.is(worker.events.filter(({ event }) => event === 'server_away').length, 1);
  assert.is(worker.events.filter(({ event }) => event === 'server_back').length, 1);
});

run('gives up on a server that is not there when it is to end by itself', async () => {
  await using server = await serverWith();
  await server.goAway();
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', clock: hurriedClock() });
  const error = await rejects(worker.ended, /The server http:\/\/127\.0\.0\.1:\d+ cannot be used: .*ECONNREFUSED/u);
  assert.equal([error['code'], error['exitCode']], ['STT_SERVER_AWAY', 69]);
});

run('gives up in time on a server that never answers', async () => {
  await using server = await serverWith();
  server.misbehave(() => true);
  const clock = hurriedClock();
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', clock });
  await eventually(() => server.calls.length > 0, 'the worker asks');
  const askedAt = clock.now();
  const error = await rejects(worker.ended, /no whole answer within/u);
  assert.is(error['code'], 'STT_SERVER_AWAY');
  assert.ok(server.calls.length <= 2);
  assert.ok(clock.now() - askedAt < 30_000);
});

run('slows down where one task after the other comes to nothing', async () => {
  await using server = await serverWith();
  for (let count = 0; count < 50; count += 1) server.add(sample, 'klingon');
  await using worker = await startWorker({ serverUrl: server.url });
  await eventually(() => server.callsOf('error').length >= 3, 'three tasks failed');
  const failedAt = performance.now();
  await eventually(() => server.callsOf('error').length >= 5, 'the next ones failed');
  assert.ok(performance.now() - failedAt > 1000);
  worker.stop();
  await worker.ended;
});

run('says clearly that something else answers', async () => {
  await using server = await serverWith();
  server.misbehave((_call, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome to the router</html>');
    return true;
  });
  await using worker = await startWorker({ serverUrl: server.url });
  assert.match((await worker.saw('server_away')).reason, /not from stt-server \(text\/html\); is SERVER_URL right/u);
});

run('hands a task back and ends, when this machine cannot work and the run is to end by itself', async () => {
  await using server = await serverWith(sample);
  await using worker = await startWorker({
    serverUrl: server.url,
    mode: 'until_empty',
    clock: hurriedClock(),
    habit: 'removes_itself',
  });
  const error = await rejects(worker.ended, /was not found/u);
  assert.is(error['code'], 'STT_TOOL_MISSING');
  assert.match(String(server.callsOf('release')[0]?.body['reason']), /was not found/u);
  assert.is(server.callsOf('error').length, 0);
});

/** Nothing is claimed ahead. */
const alone = { env: { STT_PREFETCH: '0' } };

run('blames no recording for an engine that broke after the start', async () => {
  await using server = await serverWith(sample, sample);
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', habit: 'breaks', ...alone });
  const error = await rejects(worker.ended, /no GPU found/u);
  assert.is(error['code'], 'STT_ENGINE_BROKEN');
  assert.equal([server.callsOf('release').length, server.callsOf('error').length], [1, 0]);
});

run('says plainly that a folder of its own cannot be used', async () => {
  await using server = await serverWith();
  for (const folder of ['outbox', 'work'] as const) {
    await using worker = await startWorker({
      serverUrl: server.url,
      mode: 'until_empty',
      async prepare(paths) {
        await mkdir(path.dirname(paths[folder]), { recursive: true });
        await writeFile(paths[folder], 'a file');
      },
    });
    const error = await rejects(worker.ended, /cannot be used: E/u);
    assert.is(error['exitCode'], 74);
  }
  assert.is(server.calls.length, 0);
});

run('warns of more threads than the machine has processors', async () => {
  await using server = await serverWith();
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', env: { STT_THREADS: '9' } });
  await worker.ended;
  assert.match((await worker.saw('warning')).message, /STT_THREADS is 9, but .* 1 processor/u);
});

run('warns of the demo model, and of settings that are not read', async () => {
  await using server = await serverWith();
  await using worker = await startWorker({
    serverUrl: server.url,
    mode: 'until_empty',
    env: { STT_MODEL: 'demo-any' },
    prepare: (paths) => writeFile(path.join(paths.models, 'ggml-demo-any.bin'), ''),
  });
  await worker.ended;
  assert.match((await worker.saw('warning')).message, 'knows spoken digits only');
  assert.is((await worker.saw('summary')).demoModel, true);
});

run.run();
