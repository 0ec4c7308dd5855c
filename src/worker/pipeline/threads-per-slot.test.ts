import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { threadsPerSlot } from './threads-per-slot.ts';

const run = suite('threadsPerSlot');

run('takes one per processor, at most eight, shared by the slots', () => {
  assert.is(threadsPerSlot(undefined, 1, 4), 4);
  assert.is(threadsPerSlot(undefined, 1, 64), 8);
  assert.is(threadsPerSlot(undefined, 2, 8), 4);
});

run('takes what it is told, and gives each slot one at least', () => {
  assert.is(threadsPerSlot(12, 2, 4), 6);
  assert.is(threadsPerSlot(1, 4, 4), 1);
});

run.run();
