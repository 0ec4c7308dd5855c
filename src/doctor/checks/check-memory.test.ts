import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkMemory, type MemoryLook } from './check-memory.ts';

const run = suite('check memory');

const gb = 1e9;
const look = (more: Partial<MemoryLook>) =>
  checkMemory({
    modelBytes: 1.5 * gb,
    neededBytes: undefined,
    slots: 1,
    totalBytes: 16 * gb,
    availableBytes: 8 * gb,
    isBusy: false,
    ...more,
  });

run('fits, or does not', () => {
  assert.is(look({}).found, 'about 2.1 GB for the model needed, of 16.0 GB');
  assert.is(look({ slots: 3, neededBytes: 2 * gb }).found, 'about 6.0 GB for 3 slots needed, of 16.0 GB');
  assert.is(look({ slots: 8 }).status, 'warn');
  const tooLarge = look({ totalBytes: gb });
  assert.is(tooLarge.status, 'fail');
  assert.is('exitCode' in tooLarge ? tooLarge.exitCode : 0, 78);
  assert.is(look({ neededBytes: 17 * gb }).status, 'warn');
});

run('warns of what others use, unless it is a worker that does', () => {
  assert.is(look({ availableBytes: gb }).status, 'warn');
  assert.match(look({ availableBytes: gb }).found, 'only 1.0 GB are free now');
  assert.is(look({ availableBytes: gb, isBusy: true }).status, 'ok');
});

run.run();
