/**
 * SIGTERM to a worker in every stage of a task: it ends in time with exit code 0, the task is offered again at once and the attempt
 * does not count, nothing runs on and nothing is left half-written. What will be done in time is finished and delivered, and its
 * lease lives until then. Our server, our worker; the engine is a fake.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import { shortSample } from '../support/library.ts';
import type { FaultWorker } from './fault-worker.ts';
import { openScene, type Scene, sceneFor, stages, startWorkerIn } from './worker-scene.ts';

const stopped = suite('stopped');

const stopSeconds = 6;

/** @returns how long it took, in ms. */
async function endsAfter(worker: FaultWorker, signal: NodeJS.Signals): Promise<number> {
  const signalledAt = performance.now();
  worker.signal(signal);
  const { exitCode, signalName } = await worker.ended;
  assert.equal([exitCode, signalName], [0, null], worker.complaints());
  return performance.now() - signalledAt;
}

async function assertHandedBack(worker: FaultWorker, scene: Scene): Promise<void> {
  const tasks = await scene.tasks();
  assert.equal(
    worker.all('handed_back').map(({ accepted, fault }) => [accepted, fault]),
    tasks.map(() => [true, undefined]),
  );
  // Offered again, and as if it had never been tried.
  for (const { state, attempts } of tasks) assert.equal([state, attempts], ['pending', 0]);
  assert.equal([worker.all('failed'), worker.all('lease_lost')], [[], []]);
  assert.equal([scene.workFiles(), scene.letters(), scene.running()], [[], [], []]);
}

for (const stage of stages) {
  if (stage === 'deliver') continue;
  stopped(`in the stage "${stage}": handed back`, async () => {
    await using scene = await openScene(sceneFor(stage));
    const worker = await startWorkerIn(stage, scene);
    const tookMs = await endsAfter(worker, 'SIGTERM');
    assert.ok(tookMs < stopSeconds * 1000, `it took ${Math.round(tookMs)} ms`);
    await assertHandedBack(worker, scene);
  });
}

stopped('in the stage "deliver": kept, and delivered at the next start', async () => {
  await using scene = await openScene();
  const worker = await startWorkerIn('deliver', scene);
  const tookMs = await endsAfter(worker, 'SIGTERM');
  assert.ok(tookMs < stopSeconds * 1000, `it took ${Math.round(tookMs)} ms`);
  assert.is(worker.all('transcribed')[0]?.delivery, 'waiting');
  assert.is(worker.all('summary')[0]?.waiting, 1);
  assert.equal([scene.workFiles(), scene.letters().length, scene.running()], [[], 1, []]);
  scene.proxy.heal();
  const next = scene.startWorker({ args: ['--until-empty'] });
  assert.is((await next.ended).exitCode, 0, next.complaints());
  assert.equal([scene.letters(), scene.engine.runsOnRecordings().length], [[], 1]);
  const [task] = await scene.tasks();
  assert.equal([task?.state, task?.attempts, task?.grants], ['done', 0, 1]);
});

stopped('while nobody answers: it ends in time, and the lease runs out', async () => {
  await using scene = await openScene();
  const worker = await startWorkerIn('transcribe', scene);
  scene.proxy.blackHole(/^POST \/release/u);
  const tookMs = await endsAfter(worker, 'SIGTERM');
  assert.ok(tookMs < stopSeconds * 1000, `it took ${Math.round(tookMs)} ms`);
  assert.equal(
    worker.all('handed_back').map(({ accepted }) => accepted),
    [false],
  );
  assert.equal([scene.workFiles(), scene.running()], [[], []]);
});

stopped('while the engine ignores SIGTERM: it is ended all the same, and the task handed back', async () => {
  await using scene = await openScene();
  scene.engine.behave('ignores SIGTERM');
  const worker = scene.startWorker();
  await eventually(() => scene.engine.runsOnRecordings().length > 0, 'the engine runs', 20_000);
  const tookMs = await endsAfter(worker, 'SIGTERM');
  assert.ok(tookMs < stopSeconds * 1000, `it took ${Math.round(tookMs)} ms`);
  await assertHandedBack(worker, scene);
});

const longSample = path.join(path.dirname(shortSample), 'digits-en-long.mp3');
const longScene = { recordings: { 'long.mp3': readFileSync(longSample) }, serverEnv: { STT_LEASE_SECONDS: '3' } };
/** Of 59 s of audio in 7 s; what is left can be told after 25 s of audio. */
const engineSeconds = 7;

async function startLongTask(scene: Scene): Promise<FaultWorker> {
  scene.engine.behave(`steady ${engineSeconds}`);
  const worker = scene.startWorker({ env: { STT_STOP_SECONDS: '30' } });
  await worker.saw('progress', ({ etaSeconds }) => etaSeconds !== undefined);
  return worker;
}

stopped('while a task will be done in time: finished and delivered, and its lease kept until then', async () => {
  await using scene = await openScene(longScene);
  const worker = await startLongTask(scene);
  const beats: number[] = [];
  const watch = setInterval(() => {
    const count = scene.proxy.requests.filter((line) => line.startsWith('POST /heartbeat')).length;
    while (beats.length < count) beats.push(performance.now());
  }, 20);
  const signalledAt = performance.now();
  const tookMs = await endsAfter(worker, 'SIGTERM');
  clearInterval(watch);
  assert.ok(tookMs > 2500, `it was done after ${Math.round(tookMs)} ms already: this shows nothing`);
  const meanwhile = beats.filter((at) => at > signalledAt);
  assert.ok(meanwhile.length >= 2, `only ${meanwhile.length} heartbeats in ${Math.round(tookMs)} ms`);
  for (const [index, at] of beats.entries()) {
    const pauseMs = at - (beats[index - 1] ?? at);
    assert.ok(pauseMs < 2000, `no heartbeat for ${Math.round(pauseMs)} ms of a lease of 3 s`);
  }
  assert.equal(
    worker.all('transcribed').map(({ delivery }) => delivery),
    ['accepted'],
  );
  assert.ok(existsSync(path.join(scene.library, 'long.vtt')));
  const [task] = await scene.tasks();
  assert.equal([task?.state, task?.attempts, task?.grants], ['done', 0, 1]);
  assert.equal([scene.workFiles(), scene.letters(), scene.running()], [[], [], []]);
});

stopped('twice: what would have been done in time is handed back at once', async () => {
  await using scene = await openScene(longScene);
  const worker = await startLongTask(scene);
  worker.signal('SIGTERM');
  await worker.saw('closed', ({ why }) => why === 'stop');
  await delay(500);
  assert.equal([worker.all('handed_back'), scene.running().length > 0], [[], true], 'it is finishing the task');
  const tookMs = await endsAfter(worker, 'SIGTERM');
  assert.ok(tookMs < 3000, `it took ${Math.round(tookMs)} ms`);
  await assertHandedBack(worker, scene);
});

stopped('twice, while the engine ignores SIGTERM', async () => {
  await using scene = await openScene();
  scene.engine.behave('ignores SIGTERM');
  const worker = scene.startWorker({ env: { STT_STOP_SECONDS: '30' } });
  await eventually(() => scene.engine.runsOnRecordings().length > 0, 'the engine runs', 20_000);
  worker.signal('SIGTERM');
  await worker.saw('closed', ({ why }) => why === 'stop');
  const tookMs = await endsAfter(worker, 'SIGTERM');
  assert.ok(tookMs < 4000, `it took ${Math.round(tookMs)} ms`);
  await assertHandedBack(worker, scene);
});

stopped('before it has asked for anything', async () => {
  await using scene = await openScene({ recordings: {} });
  const worker = scene.startWorker();
  await eventually(() => scene.engine.runs().length > 0, 'it proves its engine', 20_000);
  await endsAfter(worker, 'SIGTERM');
  assert.equal([scene.workFiles(), scene.running()], [[], []]);
});

stopped.run();
