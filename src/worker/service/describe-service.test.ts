import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addToFacts, factsAtStart, statusNow, type StatusFacts } from '../control/worker-status.ts';
import type { Closure, WorkerEvent } from '../worker-event.ts';
import { describeService } from './describe-service.ts';

const describe = suite('describeService of a worker');

const nowMs = new Date(2026, 10, 23, 12, 0).getTime();
const started: WorkerEvent = {
  event: 'started',
  worker: 'w',
  server: 'http://h',
  model: 'm',
  engine: 'e',
  slots: 3,
  threads: 1,
  vad: false,
  demoModel: false,
};
const inSlot = (slot: number): WorkerEvent => ({
  event: 'progress',
  task: `slot ${slot}`,
  slot,
  phase: 'transcribe',
  progress: 0,
});
const claimed = (task: string): WorkerEvent => ({ event: 'claimed', task, language: 'en' });
const away: WorkerEvent = { event: 'server_away', reason: 'connect ECONNREFUSED' };

function shown(events: readonly WorkerEvent[], closures: readonly Closure[] = [], waiting = 0): string {
  const start: StatusFacts = factsAtStart({ pid: 1, version: '1', startedAtMs: nowMs, waiting });
  const facts = events.reduce((before, event) => addToFacts(before, event, nowMs), start);
  return describeService(statusNow(facts, { closures, engineIdleSeconds: 0, nowMs }), nowMs);
}

const closed = (why: Closure['why'], reason: string, untilMs?: number): Closure => ({
  why,
  reason,
  finishByMs: nowMs,
  untilMs,
});

describe('says what is in work, ahead and not delivered', () => {
  const delivering: WorkerEvent = { event: 'progress', task: 'd', slot: 3, phase: 'deliver', progress: 0 };
  const all = [started, inSlot(1), inSlot(2), inSlot(3), claimed('a'), claimed('b')];
  assert.is(shown(all, [], 1), 'transcribing 3, 2 ahead, 1 waiting in the outbox');
  assert.is(shown([started, claimed('a')]), '1 ahead');
  assert.is(shown([started, delivering]), 'delivering 1');
  assert.is(shown([...all, away]), 'transcribing 3, 2 ahead; the server is away: connect ECONNREFUSED');
});

describe('says why nothing is in work', () => {
  assert.is(shown([]), 'starting');
  assert.is(shown([started]), 'idle: the server is asked for a task');
  assert.is(shown([started, { event: 'idle' }], [], 2), 'idle: the server has no task, 2 waiting in the outbox');
  assert.is(shown([started, away], [], 2), 'the server is away: connect ECONNREFUSED, 2 waiting in the outbox');
});

describe('says what it is closed for, until when, and what is still in hand', () => {
  const at = (day: number, hour: number): number => new Date(2026, 10, day, hour, 5).getTime();
  assert.is(shown([started], [closed('pause', 'paused', at(23, 18))]), 'paused until 18:05');
  assert.is(shown([started], [closed('pause', 'paused')]), 'paused until "stt resume"');
  const hours = closed('hours', 'outside the working hours', at(24, 8));
  assert.is(shown([started, inSlot(1)], [hours]), 'outside its working hours until 2026-11-24 08:05; 1 task in hand');
  const broken = closed('broken', 'the GPU is gone', at(23, 13));
  assert.is(shown([started], [broken]), 'stopped itself: the GPU is gone (it tries itself again at 13:05)');
  const stopping = [closed('stop', 'the worker stops'), closed('pause', 'paused')];
  assert.is(
    shown([started, inSlot(1), claimed('a')], stopping),
    'stopping; and paused until "stt resume"; 2 tasks in hand',
  );
  assert.is(shown([started], [closed('drain', 'draining')]), 'draining');
});

describe.run();
