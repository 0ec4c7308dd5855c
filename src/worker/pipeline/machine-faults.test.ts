import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMachineFaults } from './machine-faults.ts';
import type { Finding } from './task-in-hand.ts';

const run = suite('createMachineFaults');

const fault = (reason = 'disk full', isProven = false): Finding => ({
  kind: 'hand_back',
  reason,
  trouble: { fault: 'machine', phase: 'decode', error: new Error(reason), isProven },
});
const failed: Finding = { kind: 'failed', phase: 'decode', fault: 'recording', reason: 'noise' };

run('hands a recording back once, and takes the second time for an attempt', () => {
  const faults = createMachineFaults();
  assert.equal(faults.weigh(fault(), 'a'), fault());
  assert.equal(faults.weigh(fault(), 'a'), { kind: 'failed', phase: 'decode', fault: 'machine', reason: 'disk full' });
  assert.equal(faults.weigh(fault(), 'b'), fault());
  const stopped: Finding = { kind: 'hand_back', reason: 'the worker stops' };
  assert.is(faults.weigh(stopped, 'a'), stopped);
});

run('is broken after three in a row on different recordings', () => {
  const faults = createMachineFaults();
  for (let times = 0; times < 5; times += 1) faults.weigh(fault(), 'a');
  faults.weigh(fault(), 'b');
  assert.is(faults.verdict(), undefined);
  faults.weigh({ kind: 'lease_lost', reason: 'gone' }, 'x');
  faults.weigh(fault('no ffmpeg'), 'c');
  assert.is(faults.verdict(), 'no ffmpeg');
  faults.forgive();
  assert.is(faults.verdict(), undefined);
});

run('a task that came to its end in order ends the row', () => {
  const faults = createMachineFaults();
  faults.weigh(fault(), 'a');
  faults.weigh(fault(), 'b');
  assert.is(faults.weigh(failed, 'c'), failed);
  faults.forgive();
  faults.weigh(fault(), 'd');
  assert.is(faults.verdict(), undefined);
});

run('is broken at once by a fault that is proven, and burns no attempt for it', () => {
  const faults = createMachineFaults();
  faults.weigh(fault(), 'a');
  assert.is(faults.verdict(), undefined);
  assert.is(faults.weigh(fault('the sample fails too', true), 'a').kind, 'hand_back');
  assert.is(faults.verdict(), 'the sample fails too');
  faults.forgive();
  assert.is(faults.verdict(), undefined);
});

run('burns no attempt once it is broken', () => {
  const faults = createMachineFaults();
  for (const key of ['a', 'b', 'c']) faults.weigh(fault(), key);
  assert.is(faults.weigh(fault(), 'a').kind, 'hand_back');
});

run('forgets the oldest recordings', () => {
  const faults = createMachineFaults();
  faults.weigh(fault(), 'first');
  for (let index = 0; index < 1000; index += 1) faults.weigh(fault(), `r${index}`);
  faults.forgive();
  assert.is(faults.weigh(fault(), 'r500').kind, 'failed');
  assert.is(faults.weigh(fault(), 'first').kind, 'hand_back');
});

run.run();
