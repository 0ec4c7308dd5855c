import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backoffMs } from './backoff.ts';

const run = suite('backoffMs');

run('doubles from a second to a minute', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 1000].map((failures) => backoffMs(failures, 1));
  assert.equal(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

run('spreads by chance over the upper half', () => {
  assert.is(backoffMs(3, 0), 2000);
  assert.is(backoffMs(3, 0.5), 3000);
});

run.run();
