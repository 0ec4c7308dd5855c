import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../../app-error.ts';
import { cronStarts } from './cron-starts.ts';

const run = suite('cronStarts');

const wall = (text: string): number => Date.parse(`${text}Z`);
const shown = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 19);

/** The next ones after this. */
function next(expression: string, after: string, count: number): (string | undefined)[] {
  const starts = cronStarts(expression);
  let at: number | undefined = wall(after);
  return Array.from({ length: count }, () => {
    at = at === undefined ? undefined : starts.after(at);
    return shown(at);
  });
}

run('finds what comes after, over midnight, month ends and leap days', () => {
  assert.equal(next('0 22 * * *', '2026-01-31T22:00:00', 2), ['2026-02-01T22:00:00', '2026-02-02T22:00:00']);
  assert.equal(next('0 22 * * *', '2026-01-31T21:59:59.999', 1), ['2026-01-31T22:00:00']);
  assert.equal(next('0 22 31 * *', '2026-01-31T22:00:00', 2), ['2026-03-31T22:00:00', '2026-05-31T22:00:00']);
  assert.equal(next('0 0 29 2 *', '2026-01-01T00:00:00', 2), ['2028-02-29T00:00:00', '2032-02-29T00:00:00']);
  assert.equal(next('0 0 29 2 *', '2096-03-01T00:00:00', 1), ['2104-02-29T00:00:00']);
});

run('takes either day where a day of the month and one of the week are named, as cron and the ancestor do', () => {
  const mondays = ['2026-02-02', '2026-02-09', '2026-02-16', '2026-02-23'].map((day) => `${day}T00:00:00`);
  assert.equal(next('0 0 29 2 1', '2026-01-01T00:00:00', 4), mondays);
  const both = ['2026-03-02T05:00:00', '2026-03-06T05:00:00', '2026-03-09T05:00:00', '2026-03-13T05:00:00'];
  assert.equal(next('0 5 13 * mon,5', '2026-03-01T00:00:00', 4), both);
  assert.equal(next('0 5 13 * sun', '2026-03-09T00:00:00', 3), [
    '2026-03-13T05:00:00',
    '2026-03-15T05:00:00',
    '2026-03-22T05:00:00',
  ]);
  // One that does not exist leaves the other.
  assert.equal(next('0 0 30 2 1', '2026-02-01T00:00:00', 1), ['2026-02-02T00:00:00']);
});

run('knows seconds, lists, steps, ranges, names and last days', () => {
  assert.equal(next('30 0 22 * * *', '2026-01-01T22:00:00', 1), ['2026-01-01T22:00:30']);
  assert.equal(next('*/20 1,3 * * *', '2026-01-01T01:20:00', 2), ['2026-01-01T01:40:00', '2026-01-01T03:00:00']);
  assert.equal(next('0 22 * * fri-sun', '2026-11-23T00:00:00', 1), ['2026-11-27T22:00:00']);
  assert.equal(next('0 22 * * 7', '2026-11-23T00:00:00', 1), ['2026-11-29T22:00:00']);
  assert.equal(next(' 0\t22 L  * * ', '2026-02-01T00:00:00', 1), ['2026-02-28T22:00:00']);
  assert.equal(next('@daily', '2026-02-28T12:00:00', 1), ['2026-03-01T00:00:00']);
});

run('finds what came before, and not before what was asked for', () => {
  const starts = cronStarts('15,45 3-4 * * *');
  const before = (at: string, earliest: string) => shown(starts.atOrBefore(wall(at), wall(earliest)));
  assert.is(before('2026-01-02T04:45:00', '2026-01-01T00:00:00'), '2026-01-02T04:45:00');
  assert.is(before('2026-01-02T04:44:59', '2026-01-01T00:00:00'), '2026-01-02T04:15:00');
  assert.is(before('2026-01-02T03:14:59', '2026-01-01T00:00:00'), '2026-01-01T04:45:00');
  assert.is(before('2026-01-02T03:14:59', '2026-01-01T04:45:00'), '2026-01-01T04:45:00');
  assert.is(before('2026-01-02T03:14:59', '2026-01-01T04:45:01'), undefined);
  const yearly = cronStarts('0 0 1 1 *');
  assert.is(shown(yearly.atOrBefore(wall('2026-12-31T23:59:59'), wall('2025-12-31T00:00:00'))), '2026-01-01T00:00:00');
});

run('agrees with itself, forward and back, second by second', () => {
  const starts = cronStarts('*/7 */25 5,6 * * *');
  const found: number[] = [];
  for (
    let at = starts.after(wall('2026-01-01T00:00:00'));
    at !== undefined && found.length < 200;
    at = starts.after(at)
  ) {
    found.push(at);
  }
  for (const [index, at] of found.entries()) {
    assert.is(starts.atOrBefore(at, 0), at);
    if (index > 0) assert.is(starts.atOrBefore(at - 1, 0), found[index - 1]);
  }
});

run('says whether every hour is named', () => {
  assert.ok(cronStarts('30 * * * *').isEveryHour);
  assert.ok(cronStarts('30 0-23 * * *').isEveryHour);
  assert.not(cronStarts('30 */2 * * *').isEveryHour);
});

const wrong: [expression: string, said: RegExp][] = [
  ['61 * * * *', /^CRON is wrong: "61 \* \* \* \*" has "61" for the minute\.$/u],
  ['* 24 * * *', /has "24" for the hour/u],
  ['0 22 32 * *', /has "32" for the day of the month/u],
  ['0 22 * 13 *', /has "13" for the month/u],
  ['0 22 * * mo', /has "mo" for the day of the week/u],
  ['foo', /^CRON is wrong: "foo" has 1 field; there must be 5, or 6 with the second in front\.$/u],
  ['', /has 1 field/u],
  ['* * *', /has 3 fields/u],
  ['0 22 * * * * *', /has 7 fields/u],
  ['22:00', /has 1 field/u],
  ['@reboot', /is no cron expression/u],
  ['*/0 * * * *', /has "\*\/0" for the minute/u],
  ['0-999999999 * * * *', /has 999999999 in it, which is too large/u],
  ['0 0 30 2 *', /names no date that exists/u],
  ['0 0 31 4,6 *', /names no date that exists/u],
  ['0 0 30 2 1#6', /names no date that exists|day of the week/u],
  ['0 0 \u001b[31m * *', /"0 0 \[31m \* \*" is no cron expression/u],
];

for (const [expression, said] of wrong) {
  run(`refuses "${expression.replaceAll('\u001b', 'ESC')}", says why and what is right`, () => {
    const begunAt = performance.now();
    try {
      cronStarts(expression);
    } catch (error) {
      assert.instance(error, AppError);
      const { message, exitCode, hint } = error as AppError;
      assert.match(message, /^CRON is wrong: /u);
      assert.match(message, said);
      assert.is(exitCode, 78);
      assert.match(hint ?? '', 'CRON="0 22 * * *" begins at 22:00 every day');
      assert.ok(performance.now() - begunAt < 5000);
      return;
    }
    assert.unreachable('it was taken');
  });
}

run.run();
