import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countRecords, type Stats } from './count-records.ts';
import type { TaskRecord } from './task-record.ts';

const run = suite('countRecords');

function counted(...records: (Partial<TaskRecord> & { at?: string })[]): Stats {
  const counter = countRecords();
  for (const { at = '2026-01-01T12:00', ...record } of records) {
    counter.add({ timeMs: Date.parse(at), event: 'transcribed', ...record });
  }
  return counter.stats();
}

/** Runs `act` where the local time is that of `zone`. */
function inZone(zone: string, act: () => void): void {
  const before = process.env['TZ'];
  process.env['TZ'] = zone;
  try {
    act();
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
}

run('adds up what ended, whichever way', () => {
  const { suspectReasons, failures, otherFailures, days, ...total } = counted(
    { outcome: 'ok', audioSeconds: 3600, engineSeconds: 300 },
    { outcome: 'no_speech', audioSeconds: 100, engineSeconds: 10 },
    { outcome: 'suspect', suspect: ['loop', 'gap'], audioSeconds: 200, engineSeconds: 60 },
    { outcome: 'suspect', suspect: ['loop'], audioSeconds: 0, engineSeconds: 0 },
    { event: 'failed', fault: 'recording', reason: 'no audio' },
    { event: 'lease_lost' },
    { event: 'handed_back' },
    { event: 'handed_back', fault: 'machine', reason: 'no audio' },
  );
  assert.equal(total, {
    tasks: 8,
    transcribed: 4,
    noSpeech: 1,
    suspect: 2,
    failed: 1,
    leaseLost: 1,
    handedBack: 2,
    audioSeconds: 3900,
    engineSeconds: 370,
    timesRealTime: 3900 / 370,
  });
  assert.is(otherFailures, 0);
  assert.equal(suspectReasons, [
    { reason: 'loop', tasks: 2 },
    { reason: 'gap', tasks: 1 },
  ]);
  assert.equal(failures, [{ fault: 'recording', reason: 'no audio', tasks: 1 }]);
  assert.equal(days, [{ day: '2026-01-01', ...total }]);
});

run('the speed of nothing is no number that JSON cannot say', () => {
  assert.is(counted({ event: 'failed' }).timesRealTime, null);
  assert.is(JSON.parse(JSON.stringify(counted())).timesRealTime, null);
});

run('equal faults are counted together, the ten most frequent are named, the rest is a number', () => {
  const failures = Array.from({ length: 12 }, (_, kind) =>
    Array.from({ length: kind + 1 }, (_, at) => ({
      event: 'failed' as const,
      fault: 'engine',
      reason: `${'abcdefghijkl'[kind]} after ${at * 100} s`,
    })),
  ).flat();
  const stats = counted(...failures, { event: 'failed', fault: 'machine', reason: 'l after 1 s' });
  assert.is(stats.failures.length, 10);
  assert.equal(stats.failures[0], { fault: 'engine', reason: 'l after N s', tasks: 12 });
  assert.is(stats.otherFailures, 1 + 2 + 1);
  assert.is(stats.failed, 79);
});

run('no flood of different reasons fills the memory', () => {
  const letters = (n: number): string => String(n).replaceAll(/\d/gu, (digit) => 'abcdefghij'[Number(digit)] ?? '');
  const flood = Array.from({ length: 5000 }, (_, n) => ({ event: 'failed' as const, reason: letters(n) }));
  const stats = counted(...flood);
  assert.is(stats.failed, 5000);
  assert.is(stats.otherFailures, 4990);
  assert.is(stats.failures[0]?.fault, 'unknown');
});

run('days are those of the local calendar, also where the clock is turned; days without work are not there', () => {
  const days = (zone: string, ...at: string[]): string[] => {
    let found: string[] = [];
    inZone(zone, () => {
      found = counted(...at.map((moment) => ({ at: moment }))).days.map(({ day, tasks }) => `${day} ${tasks}`);
    });
    return found;
  };
  // The day of 23 hours, 29 March: from 23:00 to 22:00 UTC; the one of 25, 25 October: from 22:00 to 23:00.
  assert.equal(
    days('Europe/Berlin', '2026-03-28T22:59:59Z', '2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z', '2026-03-29T22:00Z'),
    ['2026-03-28 1', '2026-03-29 2', '2026-03-30 1'],
  );
  assert.equal(
    days('Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z', '2026-10-25T23:00:00Z', '2026-10-27T12:00Z'),
    ['2026-10-25 2', '2026-10-26 1', '2026-10-27 1'],
  );
  assert.equal(days('Pacific/Auckland', '2026-01-01T12:00:00Z', '2025-12-31T10:59:00Z'), [
    '2025-12-31 1',
    '2026-01-02 1',
  ]);
});

run.run();
