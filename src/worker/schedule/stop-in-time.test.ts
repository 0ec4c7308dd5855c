import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { stopInTime } from './stop-in-time.ts';
import { createWorkPermit } from './work-permit.ts';

const run = suite('stopInTime');

function stopping(stopSeconds = 30) {
  const clock = fakeClock();
  const permit = createWorkPermit(() => {});
  const [drain, abort] = [new AbortController(), new AbortController()];
  const shutdown = { drain: drain.signal, abort: abort.signal };
  const stop = stopInTime({ shutdown, stopMs: stopSeconds * 1000, permit, clock });
  return { clock, permit, drain, abort, stop };
}

run('leaves tasks the time that there is, less what handing back takes', () => {
  const { clock, permit, drain } = stopping();
  assert.is(permit.closure, undefined);
  drain.abort();
  assert.is(permit.closure?.why, 'stop');
  assert.is(permit.closure?.finishByMs, clock.now() + 24_500);
});

run('hands back at once with the second signal', () => {
  const { permit, drain, abort } = stopping();
  drain.abort();
  abort.abort();
  assert.is(permit.closure?.finishByMs, 0);
});

run('ends a call that takes longer than a stopping worker can wait, begun before or after', async () => {
  const { clock, drain, stop } = stopping();
  using before = stop.newCall();
  await clock.advance(60_000);
  assert.not(before.signal.aborted);
  drain.abort();
  await clock.advance(3000);
  using after = stop.newCall();
  await clock.advance(1000);
  assert.equal([before.signal.aborted, after.signal.aborted], [true, false]);
  await clock.advance(3000);
  assert.ok(after.signal.aborted);
});

run('leaves no call more time than there is, and after the second signal hardly any', async () => {
  const { clock, drain, abort, stop } = stopping();
  drain.abort();
  await clock.advance(27_000);
  using late = stop.newCall();
  await clock.advance(2500);
  assert.ok(late.signal.aborted);

  const hasty = stopping();
  hasty.drain.abort();
  using call = hasty.stop.newCall();
  hasty.abort.abort();
  await hasty.clock.advance(2000);
  assert.ok(call.signal.aborted);
  void abort;
});

run('is over with the worker', () => {
  const { permit, drain, stop } = stopping();
  stop.ended();
  drain.abort();
  assert.is(permit.closure, undefined);
});

run.run();
