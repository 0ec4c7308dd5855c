/**
 * kill -9 of the worker, of its engine and of its ffmpeg, in every stage of a task: nothing runs on, nothing lies about after the
 * next start, the task is offered again, and in the end there is one transcript. Our server, our worker; the engine is a fake.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import { isRunning } from '../support/processes.ts';
import { openScene, recordingNumber, type Scene, sceneFor, stages, startWorkerIn } from './worker-scene.ts';

const killed = suite('killed');

const diesWithinMs = 5000;
/** A lease of 90 s is over in a third of a second, and what was lost once comes back in a tenth. */
const speed = 300;

/** Time flies until the task is in this state, and then goes on as ever. */
async function untilTasksAre(state: string, scene: Scene): Promise<void> {
  await scene.hurryServer(speed);
  await eventually(async () => (await scene.tasks()).every((task) => task.state === state), `the tasks are ${state}`);
  await scene.hurryServer(1);
}

for (const stage of stages) {
  killed(`the worker, in the stage "${stage}"`, async () => {
    await using scene = await openScene(sceneFor(stage));
    const first = await startWorkerIn(stage, scene);
    first.signal('SIGKILL');
    const killedAt = performance.now();
    await eventually(
      () => scene.running().length === 0,
      `nothing runs on: ${scene.running().join('\n')}`,
      diesWithinMs,
    );
    assert.ok(performance.now() - killedAt < diesWithinMs);
    assert.is.not(scene.workFiles().length, 0, 'otherwise there was nothing to sweep');
    const kept = scene.letters();
    assert.is(kept.length, stage === 'deliver' ? 1 : 0);

    scene.proxy.heal();
    scene.engine.behave('works');
    scene.ffmpeg.letGo();
    const runsBefore = scene.engine.runsOnRecordings().length;
    if (stage !== 'deliver') await untilTasksAre('pending', scene);
    const second = scene.startWorker({ args: ['--until-empty'] });
    const { exitCode } = await second.ended;
    assert.is(exitCode, 0, second.complaints());

    const tasks = await scene.tasks();
    for (const { path: recording, state } of tasks) {
      assert.is(state, 'done', recording);
      assert.match(readFileSync(path.join(scene.library, recording.replace('.mp3', '.vtt')), 'utf8'), /one &amp; two/u);
    }
    assert.is(scene.engine.runsOnRecordings().length - runsBefore, stage === 'deliver' ? 0 : tasks.length);
    if (stage === 'deliver') assert.is(second.all('delivered').length, 1);
    // A lost lease counts, one that brought the transcript does not make it two.
    assert.equal(
      tasks.map(({ attempts, grants }) => [attempts, grants]),
      tasks.map(() => (stage === 'deliver' ? [0, 1] : [1, 2])),
    );
    assert.equal([scene.workFiles(), scene.letters(), scene.running()], [[], [], []]);
  });
}

killed('the worker, while its engine ignores SIGTERM', async () => {
  await using scene = await openScene();
  scene.engine.behave('ignores SIGTERM');
  const worker = scene.startWorker();
  const { pid } = await eventually(() => scene.engine.runsOnRecordings()[0], 'the engine runs');
  worker.signal('SIGKILL');
  await eventually(() => !isRunning(pid), 'the engine is gone', diesWithinMs);
});

killed('the worker, again and again on one recording: an attempt each, and in the end it is dead', async () => {
  await using scene = await openScene({ serverEnv: { STT_MAX_ATTEMPTS: '2' } });
  for (const count of [1, 2]) {
    scene.engine.behave('hangs');
    const worker = scene.startWorker();
    await eventually(() => scene.engine.runsOnRecordings().length === count, 'the engine runs', 20_000);
    worker.signal('SIGKILL');
    await worker.ended;
    await untilTasksAre(count === 1 ? 'pending' : 'dead', scene);
    assert.is((await scene.tasks())[0]?.attempts, count, 'the lost lease is counted');
  }
  const last = scene.startWorker({ args: ['--until-empty'] });
  assert.is((await last.ended).exitCode, 0, last.complaints());
  assert.equal([last.all('claimed'), scene.workFiles()], [[], []]);
});

const ofTheMachine = [
  ['the engine', 'transcribe'],
  ['ffmpeg', 'decode'],
] as const;
for (const [program, stage] of ofTheMachine) {
  killed(
    `${program}, by somebody else: no attempt the first time, reported the second time, and the worker lives`,
    async () => {
      await using scene = await openScene();
      const pids = (): number[] =>
        stage === 'decode' ? scene.ffmpeg.pids() : scene.engine.runsOnRecordings().map(({ pid }) => pid);
      const worker = await startWorkerIn(stage, scene);
      process.kill(pids()[0] ?? 0, 'SIGKILL');
      const back = await worker.saw('handed_back');
      assert.equal([back.accepted, back.fault], [true, 'machine'], back.reason);
      assert.match(back.reason, 'SIGKILL');
      assert.equal(
        (await scene.tasks()).map(({ attempts }) => attempts),
        [0],
      );

      await eventually(() => pids().length === 2, 'the worker tries it again', 20_000);
      process.kill(pids()[1] ?? 0, 'SIGKILL');
      const failed = await worker.saw('failed');
      assert.equal([failed.fault, failed.phase], ['machine', stage], failed.reason);
      const [task] = await scene.tasks();
      assert.equal([task?.state, task?.attempts], ['waiting', 1]);
      assert.match(task?.reason ?? '', 'SIGKILL');

      scene.engine.behave('works');
      scene.ffmpeg.letGo();
      await eventually(() => scene.workFiles().length <= 1, `nothing is left of it: ${scene.workFiles().join(' ')}`);
      worker.signal('SIGTERM');
      assert.is((await worker.ended).exitCode, 0, worker.complaints());
      assert.equal([scene.workFiles(), scene.running()], [[], []]);
    },
  );
}

killed('the engine, and the other recordings are transcribed as ever', async () => {
  const recordings = Object.fromEntries([1, 2, 3].map((number) => [`${number}.mp3`, recordingNumber(number)]));
  await using scene = await openScene({ recordings });
  const worker = await startWorkerIn('transcribe', scene);
  scene.engine.behave('works');
  process.kill(scene.engine.runsOnRecordings()[0]?.pid ?? 0, 'SIGKILL');
  await eventually(() => worker.all('transcribed').length === 3, 'all three are transcribed', 20_000);
  assert.is(readdirSync(scene.library).filter((name) => name.endsWith('.vtt')).length, 3);
  assert.equal(
    (await scene.tasks()).map(({ attempts }) => attempts),
    [0, 0, 0],
  );
  assert.ok(existsSync(scene.paths.outbox));
});

killed.run();
