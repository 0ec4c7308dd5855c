import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WorkerEvent } from '../worker-event.ts';
import { createWorkPermit } from './work-permit.ts';

const run = suite('createWorkPermit');

run('is open when nobody closes it; of several closures the strictest counts', async () => {
  const events: WorkerEvent[] = [];
  const permit = createWorkPermit((event) => events.push(event));
  assert.is(permit.closure, undefined);
  permit.close({ why: 'hours', reason: 'outside', finishByMs: 2000 });
  permit.close({ why: 'pause', reason: 'paused', finishByMs: 1000, untilMs: 5000 });
  assert.is(permit.closure?.why, 'pause');
  const never = new AbortController();
  let isOpen = false;
  const waiting = permit.whenOpen(never.signal).then(() => (isOpen = true));
  permit.open('pause');
  permit.open('pause');
  assert.is(permit.closure?.why, 'hours');
  await new Promise((resolve) => setImmediate(resolve));
  assert.not(isOpen);
  permit.open('hours');
  await waiting;
  assert.is(permit.closure, undefined);
  assert.equal(events, [
    { event: 'closed', why: 'hours', reason: 'outside' },
    { event: 'closed', why: 'pause', reason: 'paused', until: '1970-01-01T00:00:05.000Z' },
    { event: 'opened' },
  ]);
});

run('tells only what is new, and lets waiters go when their signal aborts', async () => {
  const events: WorkerEvent[] = [];
  const permit = createWorkPermit((event) => events.push(event));
  let changes = 0;
  const stopListening = permit.onChange(() => (changes += 1));
  permit.close({ why: 'stop', reason: 'stopped', finishByMs: 2000 });
  permit.close({ why: 'stop', reason: 'stopped', finishByMs: 1000 });
  assert.is(events.length, 1);
  assert.is(changes, 2);
  stopListening();
  const gone = new AbortController();
  const waiting = permit.whenOpen(gone.signal);
  gone.abort();
  await waiting;
  permit.open('stop');
  assert.is(changes, 2);
});

run.run();
