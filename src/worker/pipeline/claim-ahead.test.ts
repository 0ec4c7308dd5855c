import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isTimeToClaim, measurePreparations } from './claim-ahead.ts';

const run = suite('claiming ahead');

run('waits until a slot will soon be free', () => {
  const long = { audioSeconds: 7200, secondsLeft: 600 };
  assert.not(isTimeToClaim([long], 180));
  assert.ok(isTimeToClaim([{ ...long, secondsLeft: 180 }], 180));
  assert.ok(isTimeToClaim([long, { ...long, secondsLeft: 30 }], 180));
});

run('knows nothing of a long task that has just begun, and waits; short ones are soon done anyway', () => {
  assert.not(isTimeToClaim([{ audioSeconds: 7200, secondsLeft: undefined }], 180));
  assert.ok(isTimeToClaim([{ audioSeconds: 60, secondsLeft: undefined }], 180));
  assert.not(isTimeToClaim([], 180));
});

run('leaves three times the time that preparing took of late', () => {
  const times = measurePreparations();
  assert.is(times.leadSeconds(), 180);
  times.note(2);
  assert.is(times.leadSeconds(), 60);
  times.note(200);
  assert.is(times.leadSeconds(), 600);
  for (let count = 0; count < 5; count += 1) times.note(30);
  assert.is(times.leadSeconds(), 90);
});

run.run();
