import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cronStarts } from './cron-starts.ts';
import { localStarts } from './local-starts.ts';
import { offsetIn } from './testing/offset-in.ts';
import { workingHours } from './working-hours.ts';

const run = suite('workingHours');

const utc = (text: string): number => Date.parse(`${text}Z`);

/** What holds at an instant, in words. */
function at(cron: string, hours: number, now: string, zone = 'UTC'): string {
  const state = workingHours(localStarts(cronStarts(cron), offsetIn(zone)), hours * 3_600_000).stateAt(utc(now));
  const shown = (ms: number | undefined): string =>
    ms === undefined ? '?' : new Date(ms).toISOString().slice(0, 19).replace(/:00$/u, '');
  return state.isOpen
    ? `open until ${shown(state.untilMs)}`
    : `closed ${shown(state.sinceMs)} to ${shown(state.untilMs)}`;
}

run('is open from each start for so many hours, over midnight too', () => {
  assert.is(at('0 22 * * *', 8, '2026-01-01T21:59:59.999'), 'closed 2026-01-01T06:00 to 2026-01-01T22:00');
  assert.is(at('0 22 * * *', 8, '2026-01-01T22:00'), 'open until 2026-01-02T06:00');
  assert.is(at('0 22 * * *', 8, '2026-01-02T05:59:59.999'), 'open until 2026-01-02T06:00');
  assert.is(at('0 22 * * *', 8, '2026-01-02T06:00'), 'closed 2026-01-02T06:00 to 2026-01-02T22:00');
  assert.is(at('0 22 * * *', 0.5, '2026-01-02T22:29'), 'open until 2026-01-02T22:30');
});

run('goes over the ends of months, years and leap days', () => {
  assert.is(at('0 22 31 * *', 5, '2027-01-01T01:00'), 'open until 2027-01-01T03:00');
  assert.is(at('0 22 31 * *', 5, '2026-02-01T03:00'), 'closed 2026-02-01T03:00 to 2026-03-31T22:00');
  assert.is(at('0 22 29 2 *', 5, '2028-03-01T01:00'), 'open until 2028-03-01T03:00');
  assert.is(at('0 22 29 2 *', 5, '2026-06-01T00:00'), 'closed ? to 2028-02-29T22:00');
  // As long as a year, until one comes that is longer.
  assert.is(at('0 0 1 1 *', 8760, '2026-06-01T00:00'), 'open until 2028-12-31T00:00');
});

run('makes one of windows that overlap or touch', () => {
  assert.is(at('0 20,22 * * *', 3, '2026-01-01T20:30'), 'open until 2026-01-02T01:00');
  assert.is(at('0 20,23 * * *', 3, '2026-01-01T20:30'), 'open until 2026-01-02T02:00');
  assert.is(at('0 20,23 * * *', 3, '2026-01-01T23:00'), 'open until 2026-01-02T02:00');
  assert.is(at('0 20,23 * * *', 2.999, '2026-01-01T22:59:58'), 'closed 2026-01-01T22:59:56 to 2026-01-01T23:00');
  assert.is(at('0 * * * *', 1, '2026-01-01T20:30'), 'open until ?');
  assert.is(at('0 22 * * *', 24, '2026-01-01T20:30'), 'open until ?');
  assert.is(at('* * * * * *', 8760, '2026-01-01T20:30'), 'open until ?');
});

run('lasts its hours in real time when clocks change', () => {
  // 22:00 to 6:00 would be seven hours in this night, and nine in the other.
  assert.is(at('0 22 * * *', 8, '2026-03-29T00:00', 'Europe/Berlin'), 'open until 2026-03-29T05:00');
  assert.is(at('0 22 * * *', 8, '2026-10-25T00:00', 'Europe/Berlin'), 'open until 2026-10-25T04:00');
  // One hour from 2:30, which comes twice: the second time it is closed.
  assert.is(at('30 2 * * *', 1, '2026-10-25T01:29', 'Europe/Berlin'), 'open until 2026-10-25T01:30');
  assert.is(at('30 2 * * *', 1, '2026-10-25T01:35', 'Europe/Berlin'), 'closed 2026-10-25T01:30 to 2026-10-26T01:30');
  // 2:30 is left out: from 3:00.
  assert.is(at('30 2 * * *', 1, '2026-03-29T01:00', 'Europe/Berlin'), 'open until 2026-03-29T02:00');
  assert.is(at('30 2 * * *', 1, '2026-03-08T07:30', 'America/New_York'), 'open until 2026-03-08T08:00');
  assert.is(at('30 1 * * *', 1, '2026-11-01T06:30', 'America/New_York'), 'closed 2026-11-01T06:30 to 2026-11-02T06:30');
  // Work without a break stays that.
  assert.is(at('0 * * * *', 1, '2026-10-25T01:30', 'Europe/Berlin'), 'open until ?');
});

run.run();
