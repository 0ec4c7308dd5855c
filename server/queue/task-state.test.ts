import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { afterFailure, backoffMs, isFinished, startsFrom } from './task-state.ts';

const run = suite('task state');

run('doubles the wait after each failed attempt, up to an hour', () => {
  const longest = [1, 2, 3, 4, 8, 50].map((attempts) => backoffMs(attempts, 1));
  assert.equal(longest, [30_000, 60_000, 120_000, 240_000, 3_600_000, 3_600_000]);
});

run('spreads the wait over its upper half', () => {
  assert.is(backoffMs(1, 0), 15_000);
  assert.is(backoffMs(1, 0.5), 22_500);
});

run('lets a task wait until its last attempt failed, then it is dead', () => {
  const attempt = { maxAttempts: 2, now: 1000, jitter: 1 };
  assert.equal(afterFailure({ ...attempt, attempts: 1 }), { state: 'waiting', availableAt: 31_000 });
  assert.equal(afterFailure({ ...attempt, attempts: 2 }), { state: 'dead' });
});

run('never finishes a finished task a second time', () => {
  assert.not.ok(startsFrom.complete.some(isFinished));
  assert.ok(startsFrom.reopen.every(isFinished));
});

run.run();
