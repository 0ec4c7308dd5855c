import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isDoneInTime } from './run-slot.ts';

const run = suite('isDoneInTime');

const closure = (finishByMs: number) => ({ why: 'hours', reason: 'outside the working hours', finishByMs }) as const;

run('goes by the time left, where it is known', () => {
  assert.ok(isDoneInTime(600, closure(1_600_000), 1_000_000));
  assert.not(isDoneInTime(601, closure(1_600_000), 1_000_000));
  assert.not(isDoneInTime(undefined, closure(1_600_000), 1_000_000));
});

run('lets everything be finished where there is no end, and nothing where there is no time', () => {
  assert.ok(isDoneInTime(undefined, closure(Infinity), 1_000_000));
  assert.not(isDoneInTime(0, closure(0), 1_000_000));
  assert.not(isDoneInTime(0, closure(1_000_000), 1_000_000));
});

run.run();
