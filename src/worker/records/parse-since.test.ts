import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../../app-error.ts';
import { parseSince, startOfDays } from './parse-since.ts';

const run = suite('parseSince');

const berlin = (act: () => void) => (): void => {
  const before = process.env['TZ'];
  process.env['TZ'] = 'Europe/Berlin';
  try {
    act();
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
};

run(
  'a day begins at its local midnight; a moment is local unless it names its zone',
  berlin(() => {
    const since = (text: string): string => new Date(parseSince(text)).toISOString();
    assert.is(since('2026-11-22'), '2026-11-21T23:00:00.000Z');
    assert.is(since('2026-07-01'), '2026-06-30T22:00:00.000Z');
    assert.is(since('2026-11-22T14:05'), '2026-11-22T13:05:00.000Z');
    assert.is(since(' 2026-11-22 14:05:09 '), '2026-11-22T13:05:09.000Z');
    assert.is(since('2026-11-22T14:05Z'), '2026-11-22T14:05:00.000Z');
    assert.is(since('2026-11-22T14:05:01.5+05:30'), '2026-11-22T08:35:01.500Z');
    assert.is(since('2024-02-29'), '2024-02-28T23:00:00.000Z');
  }),
);

for (const text of [
  '',
  'yesterday',
  '2026',
  '2026-1-1',
  '2026-02-30',
  '2026-13-01',
  '2026-11-22T24:00',
  '2026-11-22T14:60',
  '2026-11-22Z',
  '2026-11-22T14:05+99:99',
  '22.11.2026',
  '-271821-04-20',
  '1e400',
]) {
  run(`"${text}" is refused`, () => {
    assert.throws(
      () => parseSince(text),
      (error: unknown) => error instanceof AppError && error.exitCode === 2 && error.message.includes('--since'),
    );
  });
}

run(
  'the last days begin at a midnight, also where the clock was turned between',
  berlin(() => {
    const start = (days: number, now: string): string => new Date(startOfDays(days, Date.parse(now))).toISOString();
    assert.is(start(1, '2026-11-22T22:30:00Z'), '2026-11-21T23:00:00.000Z');
    assert.is(start(2, '2026-03-30T10:00:00Z'), '2026-03-28T23:00:00.000Z');
    assert.is(start(1, '2026-03-30T10:00:00Z'), '2026-03-29T22:00:00.000Z');
    assert.is(start(7, '2026-01-03T10:00:00Z'), '2025-12-27T23:00:00.000Z');
  }),
);

run.run();
