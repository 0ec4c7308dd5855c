import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { trackProgress } from './task-progress.ts';
import type { WorkerEvent } from '../worker-event.ts';

const run = suite('trackProgress');

run('tells each phase, and no more than once a second how far it is', async () => {
  const clock = fakeClock();
  const events: WorkerEvent[] = [];
  const progress = trackProgress('a', clock, (event) => events.push(event));
  progress.enter('download');
  for (let step = 1; step <= 20; step += 1) {
    await clock.advance(100);
    progress.advance(step / 20);
  }
  // What came too soon is not left out, unless the phase is over.
  progress.enter('decode');
  progress.advance(0.3);
  progress.advance(0.4);
  await clock.advance(1000);
  progress.advance(0.6);
  await clock.advance(300);
  progress.enter('deliver');
  await clock.advance(5000);
  const seen = events.map((event) => (event.event === 'progress' ? [event.phase, event.progress] : []));
  assert.equal(seen, [
    ['download', 0],
    ['download', 0.45],
    ['download', 0.95],
    ['download', 1],
    ['decode', 0],
    ['decode', 0.4],
    ['deliver', 0],
  ]);
  assert.equal(progress.current(), { phase: 'deliver', progress: 0 });
});

run('tells speed and time left while it transcribes', async () => {
  const clock = fakeClock();
  const events: WorkerEvent[] = [];
  const progress = trackProgress('a', clock, (event) => events.push(event));
  progress.enterSlot(1, 600, undefined);
  assert.is(progress.secondsLeft(), undefined);
  await clock.advance(10_000);
  progress.advance(0.25);
  assert.equal(events.at(-1), {
    event: 'progress',
    slot: 1,
    audioSeconds: 600,
    task: 'a',
    phase: 'transcribe',
    progress: 0.25,
    speed: 15,
    etaSeconds: 30,
  });
  assert.is(progress.secondsLeft(), 30);
  progress.enter('deliver');
  assert.is(progress.secondsLeft(), 0);
});

run('guesses the time left by the speed of the task before, until there is a measure', async () => {
  const clock = fakeClock();
  const progress = trackProgress('a', clock, () => {});
  progress.enter('decode');
  assert.is(progress.secondsLeft(), undefined);
  progress.enterSlot(2, 600, 20);
  await clock.advance(10_000);
  assert.is(progress.secondsLeft(), 20);
  await clock.advance(30_000);
  assert.is(progress.secondsLeft(), 0);
  progress.advance(0.5);
  assert.is(progress.secondsLeft(), 40);
});

run.run();
