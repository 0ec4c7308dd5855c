import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { eventually } from '../../../test/support/eventually.ts';
import type { ServiceNotifier } from '../../sd-notify.ts';
import { addToFacts, factsAtStart, statusNow } from '../control/worker-status.ts';
import { startFakeServer } from '../testing/fake-server.ts';
import { readSample, startWorker } from '../testing/start-worker.ts';
import type { WorkerEvent } from '../worker-event.ts';
import { type ServiceTeller, tellService } from './tell-service.ts';

const service = suite('tellService of a worker');

/** Hears what systemd would. */
function listener(watchdogMs: number | undefined): ServiceNotifier & { told: string[] } {
  const told: string[] = [];
  return {
    told,
    isSilent: false,
    watchdogMs,
    ready: (status) => told.push(`READY ${status}`),
    status: (text) => told.push(text),
    alive: () => told.push('ALIVE'),
    stopping: (status, longestMs) => told.push(`STOPPING ${status} ${longestMs}`),
    close: () => Promise.resolve(),
  };
}

function scene(watchdogMs: number | undefined = 120_000) {
  const clock = fakeClock();
  const startMs = clock.now();
  const notifier = listener(watchdogMs);
  const warnings: string[] = [];
  const drain = new AbortController();
  let facts = factsAtStart({ pid: 1, version: '1', startedAtMs: startMs, waiting: 0 });
  let joined: ServiceTeller | undefined;
  const teller = tellService({
    notifier,
    stopMs: 30_000,
    drain: drain.signal,
    report: (event) => {
      if (event.event === 'warning') warnings.push(event.message);
      // As in a worker it hears itself, once it has joined.
      joined?.hear(event);
    },
    clock,
    elapsedMs: () => clock.now() - startMs,
  });
  joined = teller;
  return {
    told: notifier.told,
    warnings,
    drain: () => drain.abort(),
    hear: (event: WorkerEvent) => {
      facts = addToFacts(facts, event, clock.now());
      teller.hear(event);
    },
    follow: () => teller.follow(() => statusNow(facts, { closures: [], engineIdleSeconds: 0, nowMs: clock.now() })),
    /** How often the watchdog was fed meanwhile. */
    async pass(ms: number, times = 1): Promise<number> {
      const before = notifier.told.length;
      for (let at = 0; at < times; at += 1) await clock.advance(ms);
      return notifier.told.slice(before).filter((each) => each === 'ALIVE').length;
    },
    [Symbol.asyncDispose]: () => teller[Symbol.asyncDispose](),
  };
}

const started: WorkerEvent = {
  event: 'started',
  worker: 'w',
  server: 'http://h',
  model: 'm',
  engine: 'e',
  slots: 1,
  threads: 1,
  vad: false,
  demoModel: false,
};
const running: WorkerEvent = { event: 'progress', task: 'a', slot: 1, phase: 'transcribe', progress: 0 };
const delivering: WorkerEvent = { ...running, phase: 'deliver' };

service('is ready when the engine was proven, and tells then what each event changes', async () => {
  await using at = scene();
  at.follow();
  assert.equal(at.told, ['starting: the engine is tried', 'ALIVE', 'starting: the engine is tried']);
  at.told.length = 0;
  at.hear(started);
  at.hear({ event: 'idle' });
  at.hear(running);
  assert.equal(at.told, [
    'READY idle: the server is asked for a task',
    'idle: the server has no task',
    'transcribing 1',
  ]);
});

service('feeds the watchdog while tasks come forward, and not any more when one is silent for too long', async () => {
  await using at = scene();
  at.follow();
  at.hear(started);
  assert.is(await at.pass(15_000, 4), 4);
  at.hear(delivering);
  assert.is(await at.pass(15_000, 240), 240);
  assert.is(await at.pass(15_000, 8), 0);
  assert.equal(at.warnings, ['Nothing comes forward: task a has told nothing for 1 h. The watchdog will not be fed.']);
  // It was none after all.
  at.hear({ ...delivering, progress: 0.5 });
  assert.is(await at.pass(15_000, 2), 2);
});

service('looks more often where the watchdog is impatient, and says so', async () => {
  await using at = scene(8000);
  assert.match(at.warnings[0] ?? '', /^WatchdogSec=8 is short/u);
  assert.is(await at.pass(2000, 4), 4);
});

service('goes on feeding it while it stops, which may take as long as STT_STOP_SECONDS and a little', async () => {
  await using at = scene();
  at.follow();
  at.hear(started);
  at.told.length = 0;
  at.drain();
  assert.equal(at.told, ['STOPPING stopping 40000']);
  assert.is(await at.pass(15_000, 2), 2);
});

service('a stop before the engine was proven stays what is told', async () => {
  await using at = scene();
  at.told.length = 0;
  at.drain();
  await at.pass(15_000, 2);
  assert.equal(at.told, ['STOPPING stopping 40000', 'ALIVE', 'ALIVE']);
});

service('what ended it is not covered up by a status', async () => {
  await using at = scene();
  at.follow();
  at.hear(started);
  at.told.length = 0;
  at.hear({ event: 'error', code: 'STT_X', message: 'm', hint: undefined });
  assert.equal(at.told, []);
});

service('a worker is ready once its engine was proven, says what it does, and feeds the watchdog', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(await readSample());
  const notifier = listener(2000);
  await using worker = await startWorker({ serverUrl: server.url, habit: 'hangs', notifier });
  await eventually(() => notifier.told.includes('transcribing 1'), 'it works');
  const [first, ...rest] = notifier.told.filter((each) => each !== 'ALIVE');
  assert.is(first, 'starting: the engine is tried');
  assert.is(
    rest.find((each) => each !== first),
    'READY idle: the server is asked for a task',
  );
  const fed = notifier.told.filter((each) => each === 'ALIVE').length;
  await eventually(() => notifier.told.filter((each) => each === 'ALIVE').length > fed, 'it goes on');
  worker.stop();
  await worker.ended;
  assert.match(notifier.told.findLast((each) => each.startsWith('STOPPING')) ?? '', 'STOPPING stopping 40000');
  assert.match(notifier.told.at(-1) ?? '', /^stopping/u);
});

service('a worker whose engine does not work was never ready', async () => {
  const notifier = listener(undefined);
  const serverUrl = 'http://127.0.0.1:9';
  await using worker = await startWorker({ serverUrl, notifier, env: { STT_WHISPER_CLI: '/bin/false' } });
  await worker.ended.catch(() => {});
  assert.equal(
    notifier.told.filter((each) => each.startsWith('READY')),
    [],
  );
});

service.run();
