import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { localTime } from '../../worker/control/describe-status.ts';
import { checkSchedule } from './check-schedule.ts';

const run = suite('check schedule');

const nowMs = Date.UTC(2026, 10, 23, 12);
const look = (cron: string | undefined, processingHours = 8, timeZone: string | undefined = 'Etc/UTC') =>
  checkSchedule({ settings: { cron, processingHours }, nowMs, offsetAt: () => 0, timeZone });
const at = (hour: number): string => localTime(Date.UTC(2026, 10, 23, hour));

run('says when it begins next, and how long it works', () => {
  assert.equal(look(undefined), { status: 'ok', found: 'always (CRON is not set)', value: undefined });
  assert.is(look('0 22 * * *').found, `CRON="0 22 * * *": the next start is ${at(22)}, for 8 hours, time zone Etc/UTC`);
  assert.match(look('0 11 * * *', 2).found, `works now, until ${at(13)}`);
  assert.match(look('0 22 * * *', 0).found, `works without end from ${at(22)} on`);
  assert.match(look('* * * * *', 1).found, 'works now, and on');
});

run('warns where the time zone is none that is known', () => {
  for (const timeZone of [undefined, 'Etc/Unknown']) {
    const settings = { cron: '0 22 * * *', processingHours: 8 };
    const checked = checkSchedule({ settings, nowMs, offsetAt: () => 0, timeZone });
    assert.is(checked.status, 'warn');
    assert.match(checked.found, 'time zone UTC, since TZ names none');
  }
});

run('throws what stt run would say of a wrong expression', () => {
  assert.throws(() => look('0 25 * * *'), /CRON is wrong: .* for the hour/u);
  assert.throws(() => look('0 0 31 2 *'), /names no date that exists/u);
});

run.run();
