import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptySummary } from '../worker-event.ts';
import { describeStatus, localTime } from './describe-status.ts';
import type { WorkerStatus } from './worker-status.ts';

const run = suite('status for people');

const since = '2026-01-01T12:00:00.000Z';
const plain: WorkerStatus = {
  pid: 4711,
  version: '1.2.3',
  startedAt: since,
  state: 'working',
  worker: 'gaming-pc',
  server: { url: 'http://server:8000', isAway: false, hasNoTask: false },
  model: 'medium',
  closures: [],
  slots: [
    { slot: 1, work: { task: '0123456789', phase: 'transcribe', progress: 0.456, speed: 12.34, etaSeconds: 35 } },
    { slot: 2 },
  ],
  ahead: [{ task: 'fedcba9876', phase: 'download', progress: 0.1 }],
  delivering: [{ task: 'aaaabbbbcccc' }],
  outbox: { waiting: 0, refused: 0 },
  totals: emptySummary,
};

const linesOf = (change: Partial<WorkerStatus>): string[] => describeStatus({ ...plain, ...change });
const lineOf = (label: string, change: Partial<WorkerStatus>): string | undefined =>
  linesOf(change).find((line) => line.startsWith(`  ${label}`));

run('is a block of lines', () => {
  assert.equal(linesOf({}), [
    `Worker gaming-pc (pid 4711, version 1.2.3), since ${localTime(since)}`,
    '  State      working',
    '  Server     http://server:8000',
    '  Model      medium',
    '  Slot 1     transcribing 01234567, 45 %, 12.3 x real time, 0:35 left',
    '  Slot 2     waits for a task',
    '  Ahead      downloading fedcba98, 10 %',
    '  Delivering aaaabbbb',
    '  Outbox     empty',
    '  Done       0 recordings',
  ]);
});

const until = '2026-01-01T22:00:00.000Z';
const idle = { slots: [{ slot: 1 }], ahead: [] };
const states: [Partial<WorkerStatus>, string][] = [
  [{ ...idle, state: 'idle' }, 'idle'],
  [{ ...idle, state: 'idle', server: { isAway: false, hasNoTask: true } }, 'idle, the server has no task now'],
  [{ ...idle, state: 'idle', server: { isAway: true, hasNoTask: false } }, 'idle, the server cannot be used'],
  [
    { ...idle, state: 'closed', closures: [{ why: 'hours', reason: 'x', until }] },
    `outside its working hours, the next begin at ${localTime(until)}`,
  ],
  [
    { state: 'closed', closures: [{ why: 'pause', reason: 'paused by a person', until }] },
    `paused by a person, until ${localTime(until)}; 2 tasks in hand`,
  ],
  [
    { ...idle, state: 'closed', closures: [{ why: 'pause', reason: 'paused by a person' }] },
    'paused by a person, until "stt resume"',
  ],
  [
    {
      ...idle,
      state: 'closed',
      closures: [
        { why: 'broken', reason: 'no GPU' },
        { why: 'hours', reason: '' },
      ],
    },
    'BROKEN, it takes no tasks: no GPU; and outside its working hours',
  ],
  [{ ...idle, state: 'stopping', closures: [{ why: 'drain', reason: 'drained' }] }, 'stopping: drained'],
];
for (const [change, said] of states) {
  run(`says: ${said}`, () => assert.is(lineOf('State', change), `  State      ${said}`));
}

run('tells of an absent server, the outbox, errors and totals', () => {
  const server = { url: 'http://server:8000', isAway: true, reason: 'refused', since, hasNoTask: false };
  assert.is(lineOf('Server', { server }), `  Server     http://server:8000 AWAY since ${localTime(since)}: refused`);
  assert.is(
    lineOf('Outbox', { outbox: { waiting: 3, refused: 1, lastReason: 'lease lost' } }),
    '  Outbox     3 waiting to be delivered, 1 refused by the server and kept, last: lease lost',
  );
  const lastError = { time: since, reason: 'no audio', task: '0123456789' };
  assert.is(lineOf('Last', { lastError }), `  Last error ${localTime(since)} task 01234567: no audio`);
  const totals = { ...emptySummary, transcribed: 12, audioSeconds: 9000, engineSeconds: 900, failed: 1, handedBack: 2 };
  assert.is(
    lineOf('Done', { totals, engineIdleShare: 0.0042 }),
    '  Done       12 recordings, 2.50 h of audio, 10.0 x real time, 1 failed, 2 handed back, engine idle 0.4 %',
  );
});

run('lets nothing steer the terminal', () => {
  const evil = 'a\u001B[2J\u0007\r\nWorker other';
  const lines = linesOf({
    worker: evil,
    version: evil,
    model: evil,
    server: { url: evil, isAway: true, reason: evil, hasNoTask: false },
    closures: [{ why: 'pause', reason: evil }],
    ahead: [{ task: '\u001B[2J\n', phase: 'decode', progress: 0 }],
    outbox: { waiting: 1, refused: 1, lastReason: evil },
    lastError: { time: since, reason: evil, task: '\u001B\u001B\u001B' },
  });
  assert.not.match(lines.join(''), /\p{Cc}/u);
});

run.run();
