import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { WorkerEvent } from '../worker-event.ts';
import { noticeOf, shortReason } from './notice.ts';

const run = suite('noticeOf');

const task = { task: 'a', language: 'en', takenSeconds: 1 };

run('tells of failures, refused transcripts, a broken worker and what ended a run', () => {
  const told: WorkerEvent[] = [
    { event: 'failed', ...task, phase: 'decode', fault: 'recording', reason: 'It is empty.' },
    { event: 'refused', task: 'a', what: 'result', reason: 'lease lost', file: '/x' },
    { event: 'closed', why: 'broken', reason: 'the GPU is gone' },
    { event: 'error', code: 'STT_DISK', message: 'The disk is full.', hint: undefined },
  ];
  assert.equal(told.map(noticeOf), [
    { kind: 'failed', fault: 'recording', reason: 'It is empty.' },
    { kind: 'refused', reason: 'lease lost' },
    { kind: 'broken', reason: 'the GPU is gone' },
    { kind: 'ended', reason: 'The disk is full.' },
  ]);
});

run('does not tell of what is ordinary', () => {
  const ordinary: WorkerEvent[] = [
    { event: 'warning', message: 'x' },
    { event: 'idle' },
    { event: 'opened' },
    { event: 'server_away', reason: 'x' },
    { event: 'closed', why: 'hours', reason: 'x' },
    { event: 'closed', why: 'pause', reason: 'x' },
    { event: 'closed', why: 'drain', reason: 'x' },
    { event: 'handed_back', ...task, accepted: true, reason: 'x', fault: 'machine' },
    { event: 'lease_lost', ...task, reason: 'x' },
    { event: 'refused', task: 'a', what: 'error', reason: 'x', file: '/x' },
    { event: 'waiting', task: 'a', what: 'result', reason: 'x' },
    {
      event: 'transcribed',
      ...task,
      outcome: 'suspect',
      delivery: 'accepted',
      audioSeconds: 1,
      engineSeconds: 1,
    },
  ];
  assert.equal(new Set(ordinary.map(noticeOf)), new Set([undefined]));
});

run('takes the first line of a reason only, short, printable, without secrets', () => {
  assert.is(shortReason('\n The engine failed.\nten nine eight'), 'The engine failed.');
  assert.is(shortReason('The engine failed.\rten nine'), 'The engine failed.');
  assert.is(shortReason('one\u001b[2Jtwo\u0000'), 'one [2Jtwo');
  assert.is(shortReason('x'.repeat(10_000)).length, 300);
  assert.not.match(shortReason('http://me:hunter2@server is away'), 'hunter2');
  assert.is(shortReason(''), '');
});

run.run();
