import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { trackProgress } from './task-progress.ts';
import type { WorkerEvent } from './worker-event.ts';

const run = suite('trackProgress');

run('tells each phase, and no more than once a second how far it is', async () => {
  const clock = fakeClock();
  const events: WorkerEvent[] = [];
  const progress = trackProgress(1, 'a', clock, (event) => events.push(event));
  progress.enter('download');
  for (let step = 1; step <= 20; step += 1) {
    await clock.advance(100);
    progress.advance(step / 20);
  }
  progress.enter('decode');
  const seen = events.map((event) => (event.event === 'progress' ? [event.phase, event.progress] : []));
  assert.equal(seen, [
    ['download', 0],
    ['download', 0.5],
    ['download', 1],
    ['decode', 0],
  ]);
  assert.equal(progress.current(), { phase: 'decode', progress: 0 });
});

run('tells speed and time left while it transcribes', async () => {
  const clock = fakeClock();
  const events: WorkerEvent[] = [];
  const progress = trackProgress(1, 'a', clock, (event) => events.push(event));
  progress.setAudioSeconds(600);
  progress.enter('transcribe');
  await clock.advance(10_000);
  progress.advance(0.25);
  assert.equal(events.at(-1), {
    event: 'progress',
    slot: 1,
    task: 'a',
    phase: 'transcribe',
    progress: 0.25,
    speed: 15,
    etaSeconds: 30,
  });
});

run.run();
