import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { clockTime, describeEvent } from './describe-event.ts';
import { describeProgress } from './report-terminal.ts';
import { createJsonReport } from './open-report.ts';
import { addToSummary, emptySummary, type WorkerEvent } from '../worker-event.ts';

const run = suite('describing events');

const done = {
  event: 'transcribed',
  task: '0123456789abcdef',
  language: 'en',
  takenSeconds: 310,
  outcome: 'ok',
  delivery: 'accepted',
  audioSeconds: 3600,
  engineSeconds: 300,
} as const;

const about = { task: 'b', language: 'en', takenSeconds: 1 } as const;

run('says what was done, how fast, and whether it is delivered', () => {
  assert.is(describeEvent(done), 'Task 01234567 is done: 1:00:00 of audio in 5:00, 12.0 x real time.');
  assert.match(describeEvent({ ...done, delivery: 'waiting' }) ?? '', 'to be delivered later');
  assert.match(describeEvent({ ...done, outcome: 'no_speech' }) ?? '', 'no speech in 1:00:00');
});

run('adds up a run and sums it up, with the demo model named', () => {
  const events: WorkerEvent[] = [
    done,
    { ...done, outcome: 'no_speech' },
    { event: 'failed', ...about, phase: 'decode', fault: 'recording', reason: 'It is empty.' },
    { event: 'lease_lost', ...about, reason: 'x' },
    { event: 'handed_back', ...about, accepted: true, reason: 'x' },
    { event: 'refused', task: 'e', what: 'result', reason: 'x', file: '/x' },
  ];
  const summary = { ...events.reduce(addToSummary, emptySummary), engineIdleSeconds: 6 };
  assert.is(
    describeEvent({ event: 'summary', demoModel: true, ...summary, waiting: 2 }),
    '2 recordings transcribed, 1 of them without speech, 2:00:00 of audio, 12.0 x real time, engine idle 1.0 %, 1 failed, 1 lost to another worker, ' +
      '1 handed back, 1 refused by the server, 2 waiting in the outbox, delivered at the next start. (demo model: knows spoken digits only)',
  );
  assert.is(describeEvent({ event: 'summary', demoModel: false, ...emptySummary }), '0 recordings transcribed.');
});

run('says that nobody heard of a task that was handed back', () => {
  const event = {
    event: 'handed_back',
    ...about,
    task: '0123456789',
    accepted: false,
    reason: 'the worker stops',
  } as const;
  assert.is(describeEvent(event), 'Task 01234567 could not be handed back, its lease runs out: the worker stops.');
});

run('says why a transcript should be looked at, and whose fault a failure is', () => {
  const suspect = { ...done, outcome: 'suspect', suspect: ['repeats', 'ends_early'] } as const;
  assert.match(
    describeEvent(suspect) ?? '',
    / real time\. It should be looked at: one line comes many times over; it ends long before the sound does\.$/u,
  );
  const failed = { event: 'failed', ...about, phase: 'transcribe', fault: 'machine', reason: 'No room.' } as const;
  assert.is(describeEvent(failed), 'Task b failed (this machine is at fault): No room.');
});

run('says why no tasks are taken, and until when', () => {
  const closed = { event: 'closed', why: 'hours', reason: 'outside the working hours' } as const;
  assert.is(describeEvent(closed), 'No more tasks are taken: outside the working hours.');
  const until = new Date(2026, 10, 23, 22, 0).toISOString();
  assert.match(describeEvent({ ...closed, until }) ?? '', '(until 2026-11-23 22:00)');
  assert.is(describeEvent({ event: 'opened' }), 'Tasks are taken again.');
});

run('shows a live line with phase, speed and time left', () => {
  const progress = { event: 'progress', slot: 1, task: '0123456789', phase: 'transcribe', progress: 0.5 } as const;
  assert.is(
    describeProgress({ ...progress, speed: 12.34, etaSeconds: 95 }),
    'transcribing 01234567  12.3 x real time  1:35 left',
  );
  assert.is(describeProgress({ ...progress, phase: 'download' }), 'downloading 01234567');
});

run('writes times as people do', () => {
  assert.equal([0, 59.6, 3599, 36_000].map(clockTime), ['0:00', '1:00', '59:59', '10:00:00']);
});

run('writes each event as one line of JSON with the time', () => {
  const lines: string[] = [];
  createJsonReport(
    (line) => lines.push(line),
    () => 0,
  )({ event: 'warning', message: 'two\nlines' });
  assert.equal(lines, ['{"time":"1970-01-01T00:00:00.000Z","event":"warning","message":"two\\nlines"}\n']);
});

run('hides a password that an address carries', () => {
  const lines: string[] = [];
  createJsonReport(
    (line) => lines.push(line),
    () => 0,
  )({ event: 'warning', message: 'http://me:hunter2@server is away' });
  assert.not.match(lines.join(''), 'hunter2');
});

run.run();
