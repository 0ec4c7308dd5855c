import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { createRestraint } from './restraint.ts';

const run = suite('createRestraint');

run('holds back with the first trouble, and with the third task in vain', async () => {
  const clock = fakeClock();
  const restraint = createRestraint(clock);
  assert.is(restraint.restMs(), 0);
  restraint.note(true, true);
  assert.ok(restraint.restMs() >= 500 && restraint.restMs() <= 1000);
  await clock.advance(1000);
  assert.is(restraint.restMs(), 0);

  restraint.note(false, false);
  for (const expected of [false, false, true]) {
    restraint.note(true, false);
    assert.is(restraint.restMs() > 0, expected);
  }
  restraint.note(false, false);
  assert.is(restraint.restMs(), 0);
});

run('never holds back for longer, wherever the clock is set', () => {
  const clock = fakeClock();
  const restraint = createRestraint(clock);
  for (let count = 0; count < 20; count += 1) restraint.note(true, true);
  clock.jump(-24 * 3600_000);
  assert.ok(restraint.restMs() > 0 && restraint.restMs() <= 60_000);
});

run.run();
