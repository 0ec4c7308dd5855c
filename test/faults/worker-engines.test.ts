/**
 * Engines that hang, crash, fall silent or break for good: the task comes to its end, nothing runs on, the worker lives; and one whose
 * engine is broken takes no more tasks, says so to everybody, and comes back by itself.
 */
import { mock } from 'node:test';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startFakeServer } from '../../src/worker/testing/fake-server.ts';
import { hurriedClock } from '../../src/worker/testing/hurried-clock.ts';
import { startWorker, type TestWorker } from '../../src/worker/testing/start-worker.ts';
import type { WorkerEvent } from '../../src/worker/worker-event.ts';
import { eventually } from '../support/eventually.ts';
import { isRunning } from '../support/processes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startFaultWorker } from './fault-worker.ts';
import { type Mood, scriptedEngine } from './scripted-engine.ts';
import { recordingNumber } from './worker-scene.ts';

const engines = suite('engines');

const eventsOf = <Kind extends WorkerEvent['event']>(
  { events }: Pick<TestWorker, 'events'>,
  kind: Kind,
): Extract<WorkerEvent, { event: Kind }>[] =>
  events.filter((event): event is Extract<WorkerEvent, { event: Kind }> => event.event === kind);

/** Waits of more than ten minutes, and so the deadline of an engine, are over within two seconds. */
async function withHurriedDeadlines(step: () => Promise<void>): Promise<void> {
  const original = globalThis.setTimeout;
  const mocked = mock.method(globalThis, 'setTimeout', (callback: () => void, ms = 0) =>
    original(callback, ms > 600_000 ? ms / 500 : ms),
  );
  try {
    await step();
  } finally {
    mocked.mock.restore();
  }
}

for (const mood of ['hangs', 'ignores SIGTERM'] as const) {
  engines(
    `that ${mood.replace('ignores', 'hangs and ignores')}: ended at its deadline, and the next task is done`,
    async () => {
      await using folder = await temporaryFolder();
      await using server = await startFakeServer({ flavour: 'protocol 2' });
      const engine = scriptedEngine(folder.join('whisper-cli'), { recordings: 'works', languages: { de: mood } });
      server.add(recordingNumber(1), 'de');
      server.add(recordingNumber(2));
      await withHurriedDeadlines(async () => {
        await using worker = await startWorker({
          serverUrl: server.url,
          mode: 'until_empty',
          env: { STT_WHISPER_CLI: engine.file },
        });
        const summary = await worker.ended;
        assert.equal([summary.failed, summary.transcribed, summary.handedBack], [1, 1, 0]);
      });
      assert.match(String(server.callsOf('error')[0]?.body['error']), 'deadline');
      for (const { pid } of engine.runs()) assert.not(isRunning(pid));
    },
  );
}

engines('that do all kinds of wrong, one after the other, in one worker: each told, none the end of it', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const moods: [language: string, mood: Mood, told: RegExp | undefined][] = [
    ['en', 'works', undefined],
    ['de', 'prints nothing', undefined],
    ['fr', 'crashes', /SIGSEGV.*GGML_ASSERT failed/su],
    ['es', 'writes nothing', /wrote no transcript/u],
    ['it', 'fails', /exit code 1.*no GPU found/su],
    ['nl', 'works', undefined],
  ];
  const languages = Object.fromEntries(moods.map(([language, mood]) => [language, mood]));
  const engine = scriptedEngine(folder.join('whisper-cli'), { recordings: 'works', languages });
  for (const [index, [language]] of moods.entries()) server.add(recordingNumber(index), language);
  await using worker = startFaultWorker({
    dataFolder: folder.path,
    serverUrl: server.url,
    engineFile: engine.file,
    args: ['--until-empty'],
  });
  assert.is((await worker.ended).exitCode, 65, worker.complaints());
  const expected = moods.filter(([, , told]) => told !== undefined);
  assert.is(worker.all('transcribed').length, moods.length - expected.length);
  for (const [language, , told] of expected) {
    const failed = worker.all('failed').find((event) => event.language === language);
    assert.match(failed?.reason ?? '', told ?? /./u);
    // The sample was tried, and the engine works on that.
    assert.is(failed?.fault, 'recording');
  }
  assert.is(
    engine.runs().filter(({ args }) => args.some((arg) => arg.endsWith('/sample.wav'))).length,
    expected.length,
  );
  assert.equal(
    engine.runs().filter(({ pid }) => isRunning(pid)),
    [],
  );
});

engines(
  'that break for good: no more tasks, told in the heartbeats of those in hand, and back when the sample goes',
  async () => {
    await using folder = await temporaryFolder();
    await using server = await startFakeServer({ flavour: 'protocol 2', leaseSeconds: 6 });
    const engine = scriptedEngine(folder.join('whisper-cli'), {
      recordings: 'works',
      languages: { de: 'waits for go' },
    });
    server.add(recordingNumber(0), 'de');
    await using worker = await startWorker({
      serverUrl: server.url,
      clock: hurriedClock(),
      env: { STT_WHISPER_CLI: engine.file, STT_SLOTS: '2', STT_PREFETCH: '0' },
    });
    await eventually(() => engine.runsOnRecordings().length === 1, 'one slot works');
    engine.behave({ recordings: 'fails', languages: { de: 'waits for go' }, proof: 'fails' });
    for (const number of [1, 2, 3, 4]) server.add(recordingNumber(number));

    const broken = await eventually(
      () => eventsOf(worker, 'closed').find(({ why }) => why === 'broken'),
      'it is broken',
    );
    assert.match(broken.reason, /tasks fail for a fault of this machine: .* cannot transcribe the bundled sample/u);
    assert.ok(broken.until !== undefined);
    // The sample failed too: that is proof enough, and no second recording is tried for it.
    await worker.saw('handed_back');
    assert.is(eventsOf(worker, 'handed_back').length, 1);
    assert.is(server.callsOf('error').length, 0, 'no recording is blamed');
    const beat = await eventually(
      () => server.callsOf('heartbeat').find(({ body }) => body['trouble'] !== undefined),
      'the server is told with the heartbeat of the other slot',
    );
    assert.match(String(beat.body['trouble']), 'fail for a fault of this machine');

    // It tries the sample, in vain, and says for how much longer.
    const asked = server.callsOf('task').length;
    const again = await eventually(
      () => eventsOf(worker, 'closed').find(({ reason }) => reason.startsWith('the bundled sample cannot')),
      'it tries the sample',
    );
    assert.match(again.reason, 'wrote no transcript');
    assert.ok((again.until ?? '') > (broken.until ?? ''));
    assert.is(server.callsOf('task').length, asked, 'it takes no task meanwhile');
    assert.ok(engine.runs().some(({ args }) => args.some((arg) => arg.endsWith('/sample.wav'))));

    engine.behave('works');
    await worker.saw('opened');
    await eventually(() => eventsOf(worker, 'transcribed').length === 4, 'it does all the others', 20_000);
    engine.go();
    await eventually(() => eventsOf(worker, 'transcribed').length === 5, 'and the one that went on all the time');
    assert.equal([eventsOf(worker, 'failed'), eventsOf(worker, 'lease_lost')], [[], []]);
  },
);

engines('that fail on three recordings in a row, though not on the sample: no more tasks for a while', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  for (const number of [1, 2, 3, 4]) server.add(recordingNumber(number));
  await using worker = await startWorker({
    serverUrl: server.url,
    habit: 'writes_half',
    clock: hurriedClock(),
    env: { STT_PREFETCH: '0' },
  });
  const broken = await worker.saw('closed');
  assert.is(broken.why, 'broken');
  assert.match(broken.reason, /tasks fail for a fault of this machine: .*cut off/u);
  const handedBack = (): number => new Set(eventsOf(worker, 'handed_back').map(({ task }) => task)).size;
  await eventually(() => handedBack() === 3, 'three are handed back');
  assert.equal([server.callsOf('task').length, server.callsOf('error').length], [3, 0]);
  // The sample goes, so it tries again.
  await worker.saw('opened');
  await eventually(() => server.callsOf('task').length > 3, 'it takes tasks again');
});

engines('that broke: a worker that waits for better times stops at once', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const engine = scriptedEngine(folder.join('whisper-cli'));
  await using worker = startFaultWorker({ dataFolder: folder.path, serverUrl: server.url, engineFile: engine.file });
  await worker.saw('started');
  engine.behave({ recordings: 'fails', proof: 'fails' });
  for (const number of [1, 2, 3]) server.add(recordingNumber(number));
  await worker.saw('closed', ({ why }) => why === 'broken', 30_000);
  const stoppedAt = performance.now();
  worker.signal('SIGTERM');
  assert.is((await worker.ended).exitCode, 0, worker.complaints());
  assert.ok(performance.now() - stoppedAt < 3000);
});

engines.run();
