import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Closure, emptySummary, type WorkerEvent } from '../worker-event.ts';
import { addToFacts, factsAtStart, statusNow, type WorkerStatus, workerStatusSchema } from './worker-status.ts';

const run = suite('worker status');

const startMs = Date.UTC(2026, 0, 1);
const started: WorkerEvent = {
  event: 'started',
  worker: 'gaming-pc',
  server: 'http://server:8000',
  model: 'medium',
  engine: '/opt/whisper-cli',
  slots: 2,
  threads: 4,
  vad: false,
  demoModel: false,
};
const claimed = (task: string): WorkerEvent => ({ event: 'claimed', task, language: 'en' });
const progress = (
  task: string,
  phase: 'download' | 'decode' | 'transcribe' | 'deliver',
  slot?: number,
  more: object = {},
): WorkerEvent => ({ event: 'progress', task, phase, progress: 0.5, ...(slot === undefined ? {} : { slot }), ...more });
const end = { language: 'en', takenSeconds: 9 };
const transcribed = (task: string): WorkerEvent => ({
  event: 'transcribed',
  task,
  outcome: 'ok',
  delivery: 'accepted',
  audioSeconds: 60,
  engineSeconds: 10,
  ...end,
});

/** One event each second. */
function after(
  events: readonly WorkerEvent[],
  { closures = [], engineIdleSeconds = 0 }: { closures?: Closure[]; engineIdleSeconds?: number } = {},
): WorkerStatus {
  let nowMs = startMs;
  let facts = factsAtStart({ pid: 4711, version: '1.2.3', startedAtMs: startMs, waiting: 1 });
  for (const event of events) facts = addToFacts(facts, event, (nowMs += 1000));
  const status = statusNow(facts, { closures, engineIdleSeconds, nowMs });
  // What is sent is what is understood.
  assert.equal(workerStatusSchema.parse(JSON.parse(JSON.stringify(status))), status);
  return status;
}

const at = (second: number): string => new Date(startMs + second * 1000).toISOString();

run('begins by starting, with what waits in the outbox', () => {
  const status = after([]);
  assert.is(status.state, 'starting');
  assert.is(status.startedAt, at(0));
  assert.equal(status.outbox, { waiting: 1, refused: 0 });
  assert.equal(status.slots, []);
  assert.is(after([started]).state, 'idle');
  assert.equal(after([started]).slots, [{ slot: 1 }, { slot: 2 }]);
});

const stages: [name: string, events: WorkerEvent[], shown: object][] = [
  ['claimed', [claimed('a')], { state: 'working', ahead: [{ task: 'a', phase: 'download', progress: 0 }] }],
  [
    'being decoded ahead',
    [claimed('a'), progress('a', 'decode')],
    { state: 'working', ahead: [{ task: 'a', phase: 'decode', progress: 0.5 }] },
  ],
  [
    'known by its progress only',
    [progress('a', 'decode')],
    { state: 'working', ahead: [{ task: 'a', phase: 'decode', progress: 0.5 }] },
  ],
  [
    'in a slot',
    [claimed('a'), claimed('b'), progress('a', 'transcribe', 2, { speed: 12, etaSeconds: 30 })],
    {
      state: 'working',
      slots: [
        { slot: 1 },
        {
          slot: 2,
          work: { task: 'a', phase: 'transcribe', progress: 0.5, speed: 12, etaSeconds: 30, transcribingSince: at(4) },
        },
      ],
      ahead: [{ task: 'b', phase: 'download', progress: 0 }],
    },
  ],
  [
    'in a slot for some time',
    [progress('a', 'transcribe', 1), progress('a', 'transcribe', 1)],
    {
      slots: [
        { slot: 1, work: { task: 'a', phase: 'transcribe', progress: 0.5, transcribingSince: at(2) } },
        { slot: 2 },
      ],
    },
  ],
  [
    'being delivered, which needs no slot',
    [progress('a', 'transcribe', 1), progress('a', 'deliver', 1), progress('a', 'deliver', 1)],
    { state: 'idle', slots: [{ slot: 1 }, { slot: 2 }], delivering: [{ task: 'a' }] },
  ],
  [
    'followed by another in its slot',
    [progress('a', 'transcribe', 1), progress('b', 'transcribe', 1)],
    {
      slots: [
        { slot: 1, work: { task: 'b', phase: 'transcribe', progress: 0.5, transcribingSince: at(3) } },
        { slot: 2 },
      ],
      delivering: [{ task: 'a' }],
    },
  ],
];
for (const [name, events, shown] of stages) {
  run(`shows a task that is ${name}`, () => {
    const status: Record<string, unknown> = after([started, ...events]);
    for (const [key, value] of Object.entries(shown)) assert.equal(status[key], value, key);
  });
}

const ends: [name: string, end: WorkerEvent, lastError: object | undefined][] = [
  ['transcribed', transcribed('a'), undefined],
  ['lease_lost', { event: 'lease_lost', task: 'a', reason: 'gone', ...end }, undefined],
  [
    'failed',
    { event: 'failed', task: 'a', phase: 'decode', fault: 'recording', reason: 'no\u001B[2J audio', ...end },
    { time: at(4), reason: 'no [2J audio', task: 'a' },
  ],
  ['handed back by a stop', { event: 'handed_back', task: 'a', accepted: true, reason: 'stopped', ...end }, undefined],
  [
    'handed back by a fault',
    { event: 'handed_back', task: 'a', accepted: true, reason: 'disk full', fault: 'machine', ...end },
    { time: at(4), reason: 'disk full', task: 'a' },
  ],
];
for (const [name, event, lastError] of ends) {
  for (const before of [claimed('a'), progress('a', 'transcribe', 1), progress('a', 'deliver', 1)]) {
    run(`forgets a task that was ${name} (${'phase' in before ? before.phase : before.event})`, () => {
      const status = after(
        [started, claimed('a'), before, event].filter((one, index) => index !== 1 || one !== before),
      );
      assert.equal([status.ahead, status.delivering, status.slots], [[], [], [{ slot: 1 }, { slot: 2 }]]);
      assert.is(status.state, 'idle');
      assert.equal(status.lastError, lastError);
    });
  }
}

run('knows since when the server is away, and that it has no task', () => {
  const away: WorkerEvent = { event: 'server_away', reason: 'refused\r\n' };
  const url = 'http://server:8000';
  assert.equal(after([started, away]).server, { url, isAway: true, reason: 'refused', since: at(2), hasNoTask: false });
  assert.equal(after([started, away, { event: 'server_back' }]).server, { url, isAway: false, hasNoTask: false });
  assert.equal(after([started, away, { event: 'idle' }]).server, { url, isAway: false, hasNoTask: true });
  assert.equal(after([started, { event: 'idle' }, claimed('a')]).server, { url, isAway: false, hasNoTask: false });
});

run('counts what waits in the outbox, and what was refused', () => {
  const waiting: WorkerEvent = { event: 'waiting', task: 'a', what: 'result', reason: 'away' };
  const delivered: WorkerEvent = { event: 'delivered', task: 'old', what: 'result' };
  const refused: WorkerEvent = { event: 'refused', task: 'a', what: 'result', reason: 'lease lost', file: '/x' };
  assert.equal(after([started, waiting]).outbox, { waiting: 2, refused: 0, lastReason: 'away' });
  assert.is(after([started, waiting, delivered]).outbox.waiting, 1);
  assert.is(after([started, delivered, delivered, delivered]).outbox.waiting, 0, 'another worker died and left some');
  // It waited, and is refused at last.
  const late = after([started, waiting, transcribed('a'), refused]);
  assert.equal(late.outbox, { waiting: 1, refused: 1, lastReason: 'lease lost' });
  assert.equal(late.lastError, { time: at(4), reason: 'the server refused it: lease lost', task: 'a' });
  assert.is(late.totals.refused, 1);
  // It is refused at once, while it is in hand.
  assert.is(after([started, progress('a', 'deliver', 1), refused, transcribed('a')]).outbox.waiting, 1);
});

const until = startMs + 7_200_000;
const closureOf = (why: Closure['why'], untilMs?: number): Closure => ({ why, reason: why, finishByMs: 0, untilMs });
const states: [closures: Closure[], state: WorkerStatus['state']][] = [
  [[], 'working'],
  [[closureOf('hours', until)], 'closed'],
  [[closureOf('pause')], 'closed'],
  [[closureOf('broken')], 'closed'],
  [[closureOf('hours'), closureOf('stop')], 'stopping'],
  [[closureOf('drain')], 'stopping'],
];
for (const [closures, state] of states) {
  run(`is ${state} with ${closures.map(({ why }) => why).join(', ') || 'no closure'}`, () => {
    const status = after([started, claimed('a')], { closures });
    assert.is(status.state, state);
    assert.equal(
      status.closures,
      closures.map(({ why, untilMs }) => ({
        why,
        reason: why,
        ...(untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() }),
      })),
    );
  });
}

run('says what part of the time engines stood still, also while the first task runs', () => {
  assert.is(after([started]).engineIdleShare, undefined);
  assert.is(after([started, transcribed('a')], { engineIdleSeconds: 2.5 }).engineIdleShare, 0.2);
  // Transcribing for three seconds.
  const events = Array.from({ length: 4 }, () => progress('a', 'transcribe', 1));
  assert.is(after([started, ...events], { engineIdleSeconds: 1 }).engineIdleShare, 0.25);
});

run('stops with the summary, whose figures are the right ones', () => {
  const status = after([started, { event: 'summary', demoModel: false, ...emptySummary, transcribed: 7, waiting: 3 }]);
  assert.is(status.state, 'stopping');
  assert.is(status.totals.transcribed, 7);
  assert.is(status.outbox.waiting, 3);
  const broken = after([{ event: 'error', code: 'STT_X', message: 'no engine', hint: undefined }]);
  assert.is(broken.state, 'stopping');
  assert.equal(broken.lastError, { time: at(1), reason: 'no engine' });
});

run('keeps no task for ever, whatever order events come in', () => {
  const tasks = Array.from({ length: 500 }, (_, index) => `task-${index}`);
  const events = tasks.flatMap((task, index) => [
    claimed(task),
    progress(task, 'transcribe', (index % 2) + 1),
    progress(task, 'deliver'),
    transcribed(task),
  ]);
  const status = after([started, ...events]);
  assert.equal([status.ahead, status.delivering, status.slots], [[], [], [{ slot: 1 }, { slot: 2 }]]);
  assert.is(status.totals.transcribed, 500);
});

run.run();
