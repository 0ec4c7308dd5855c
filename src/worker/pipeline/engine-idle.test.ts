import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { measureDryTime, measureEngineIdle } from './engine-idle.ts';

const run = suite('measureEngineIdle');

function meters() {
  const clock = fakeClock();
  const dryTime = measureDryTime(clock);
  return { clock, dryTime, idle: measureEngineIdle(clock, dryTime) };
}

run('counts what lies between two engines of a slot, and around an engine', async () => {
  const { clock, idle } = meters();
  await clock.advance(5000);
  idle.begins(1);
  await clock.advance(10_000);
  idle.ends(1, 9.5);
  await clock.advance(700);
  idle.begins(1);
  await clock.advance(3000);
  idle.ends(1, undefined);
  assert.is(idle.totalSeconds(), 1.2);
});

run('adds the slots up, each for itself', async () => {
  const { clock, idle } = meters();
  for (const slot of [1, 2]) {
    idle.begins(slot);
    idle.ends(slot, 0);
  }
  await clock.advance(1000);
  idle.begins(1);
  await clock.advance(1000);
  idle.begins(2);
  assert.is(idle.totalSeconds(), 3);
});

run('leaves out what there was nothing to do: no task, no server, not allowed to', async () => {
  const { clock, dryTime, idle } = meters();
  idle.begins(1);
  idle.ends(1, 0);
  const waiting = dryTime.during(clock.sleep(60_000));
  await clock.advance(60_000);
  await waiting;
  await clock.advance(1000);
  const claim = dryTime.beyondAnAnswer(clock.sleep(50_000));
  await clock.advance(30_000);
  idle.begins(1);
  // A second of its own, and two that any answer may take.
  assert.is(idle.totalSeconds(), 3);
  await clock.advance(20_000);
  await claim;
  assert.is(dryTime.totalMs(), 108_000);
});

run.run();
