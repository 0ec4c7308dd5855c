import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from './clock.ts';

const run = suite('systemClock');

run('sleeps for months, and wakes at once when it is told', async () => {
  const wake = new AbortController();
  let isAwake = false;
  const sleeping = systemClock.sleep(1e13, wake.signal).then(() => (isAwake = true));
  await systemClock.sleep(50);
  assert.not(isAwake);
  wake.abort();
  await sleeping;
});

run.run();
