import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { digest, gather, gatherAll, type Gathered } from './digest.ts';
import type { Notice } from './notice.ts';

const run = suite('digest');

const failed = (reason: string, fault: 'recording' | 'engine' | 'machine' = 'engine'): Notice => ({
  kind: 'failed',
  fault,
  reason,
});
const all = (notices: readonly Notice[]): Gathered =>
  notices.reduce<Gathered>((gathered, notice) => gather(gathered, notice), new Map());
const times = (count: number, notice: Notice): Notice[] => Array.from({ length: count }, () => notice);

run('says one thing plainly', () => {
  assert.is(digest(all([failed('It is empty.', 'recording')])), 'A task failed: It is empty (recording)');
  assert.is(
    digest(all([{ kind: 'broken', reason: 'no GPU' }])),
    'The worker is broken, and takes no more tasks: no GPU',
  );
  assert.is(digest(all([{ kind: 'refused', reason: 'x' }])), 'The server refused a transcript: x');
  assert.is(digest(all([{ kind: 'ended', reason: 'The disk is full.' }])), 'The worker ended: The disk is full');
  assert.is(digest(new Map()), '');
});

run('counts what is equal, the most frequent first', () => {
  assert.is(
    digest(
      all([failed('rare', 'recording'), ...times(9, failed('out of memory', 'machine')), failed('rare', 'recording')]),
    ),
    '11 tasks failed: 9 x out of memory (machine), 2 x rare (recording)',
  );
  // The same words for another's fault are another reason.
  assert.is(
    digest(all([failed('x', 'machine'), failed('x', 'engine')])),
    '2 tasks failed: 1 x x (machine), 1 x x (engine)',
  );
});

run('shows five different reasons, and counts the others', () => {
  const notices = Array.from({ length: 8 }, (_, index) => times(8 - index, failed(`reason ${index}`))).flat();
  assert.is(
    digest(all(notices)),
    '36 tasks failed: 8 x reason 0 (engine), 7 x reason 1 (engine), 6 x reason 2 (engine), 5 x reason 3 (engine), 4 x reason 4 (engine), and 6 more',
  );
});

run('has a line for each kind, in the order in which they came', () => {
  assert.equal(
    digest(all([{ kind: 'away', reason: 'ECONNREFUSED' }, failed('x'), { kind: 'back' }, { kind: 'mended' }])).split(
      '\n',
    ),
    [
      'The server has been away for over 10 minutes: ECONNREFUSED',
      'A task failed: x (engine)',
      'The server is back.',
      'The worker is mended, and takes tasks again.',
    ],
  );
});

run('ends with what is true now', () => {
  const broken = (reason: string): Notice => ({ kind: 'broken', reason });
  const mended: Notice = { kind: 'mended' };
  assert.equal(digest(all([broken('a'), mended, broken('b')])).split('\n'), [
    'The worker is mended, and takes tasks again.',
    'The worker is broken, and takes no more tasks: b',
  ]);
  assert.equal(digest(all([mended, broken('a'), mended])).split('\n'), [
    'The worker is broken, and takes no more tasks: a',
    'The worker is mended, and takes tasks again.',
  ]);
});

run('stays small whatever comes', () => {
  const flood = Array.from({ length: 5000 }, (_, index) => failed(`${index} ${'x'.repeat(290)}`));
  const gathered = gatherAll(all(flood), all(flood.toReversed()));
  assert.ok(gathered.size <= 110);
  const message = digest(gathered);
  assert.match(message, /^10000 tasks failed: .*, and \d+ more$/u);
  assert.ok(message.length < 2000);
});

run('puts what could not be sent before what came later', () => {
  const both = gatherAll(all(times(2, failed('a'))), all([failed('b'), ...times(3, failed('a'))]));
  assert.is(digest(both), '6 tasks failed: 5 x a (engine), 1 x b (engine)');
});

run.run();
