import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageFolder } from '../../package-folder.ts';
import { runChild } from '../../run-child.ts';
import { cronStarts } from './cron-starts.ts';
import { type LocalStarts, localStarts, type OffsetAt } from './local-starts.ts';
import { offsetIn } from './testing/offset-in.ts';

const run = suite('localStarts');

const berlin = offsetIn('Europe/Berlin');
const newYork = offsetIn('America/New_York');
const utc = (text: string): number => Date.parse(`${text}:00Z`);
const shown = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16);

function between(starts: LocalStarts, from: string, to: string): string[] {
  const found: string[] = [];
  for (let at = starts.after(utc(from)); at !== undefined && at <= utc(to); at = starts.after(at)) {
    found.push(shown(at) ?? '');
    // The way back finds the same.
    assert.is(shown(starts.atOrBefore(at, at - 1000)), shown(at));
    const before = starts.atOrBefore(at - 1, utc(from) + 1);
    assert.is(shown(before), found.at(-2));
  }
  return found;
}

run('starts at the local time, in summer and in winter', () => {
  const starts = localStarts(cronStarts('0 22 * * *'), berlin);
  assert.is(shown(starts.after(utc('2026-07-01T00:00'))), '2026-07-01T20:00');
  assert.is(shown(starts.after(utc('2026-12-01T00:00'))), '2026-12-01T21:00');
  assert.is(shown(starts.atOrBefore(utc('2026-12-01T00:00'), 0)), '2026-11-30T21:00');
  assert.is(shown(starts.after(utc('2026-12-01T21:00'))), '2026-12-02T21:00');
});

run('starts in the spring night as well whose hour is left out, once, when it is skipped', () => {
  assert.equal(
    between(localStarts(cronStarts('30 2 * * *'), berlin), '2026-03-28T00:00', '2026-03-31T00:00'),
    // At 3:00 local time on the 29th.
    ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30'],
  );
  assert.equal(between(localStarts(cronStarts('30 2 * * *'), newYork), '2026-03-07T00:00', '2026-03-10T00:00'), [
    '2026-03-07T07:30',
    '2026-03-08T07:00',
    '2026-03-09T06:30',
  ]);
  // Several that are skipped are one, and one at 3:00 is the same.
  assert.equal(between(localStarts(cronStarts('*/30 2,3 * * *'), berlin), '2026-03-28T12:00', '2026-03-29T12:00'), [
    '2026-03-29T01:00',
    '2026-03-29T01:30',
  ]);
});

run('starts once in the autumn night whose hour comes twice', () => {
  assert.equal(between(localStarts(cronStarts('30 2 * * *'), berlin), '2026-10-24T00:00', '2026-10-27T00:00'), [
    '2026-10-24T00:30',
    '2026-10-25T00:30',
    '2026-10-26T01:30',
  ]);
  assert.equal(between(localStarts(cronStarts('30 1 * * *'), newYork), '2026-10-31T00:00', '2026-11-03T00:00'), [
    '2026-10-31T05:30',
    '2026-11-01T05:30',
    '2026-11-02T06:30',
  ]);
  const twice = localStarts(cronStarts('0 2,3 * * *'), berlin);
  assert.equal(between(twice, '2026-10-24T12:00', '2026-10-25T12:00'), ['2026-10-25T00:00', '2026-10-25T02:00']);
  // Asked in the second of the two hours.
  assert.is(shown(twice.atOrBefore(utc('2026-10-25T01:59'), 0)), '2026-10-25T00:00');
  assert.is(shown(twice.after(utc('2026-10-25T01:05'))), '2026-10-25T02:00');
});

run('goes by real time where every hour is named', () => {
  const starts = localStarts(cronStarts('15 * * * *'), berlin);
  assert.equal(between(starts, '2026-10-24T23:30', '2026-10-25T03:30'), [
    '2026-10-25T00:15',
    '2026-10-25T01:15',
    '2026-10-25T02:15',
    '2026-10-25T03:15',
  ]);
  assert.equal(between(starts, '2026-03-28T23:30', '2026-03-29T02:30'), [
    '2026-03-29T00:15',
    '2026-03-29T01:15',
    '2026-03-29T02:15',
  ]);
});

/** What a person would say who looks at the clock on the wall, minute by minute. */
function watched(cron: string, offsetAt: OffsetAt, from: string, to: string): string[] {
  const starts = cronStarts(cron);
  const minuteMs = 60_000;
  const found: string[] = [];
  let latestWall = utc(from) + offsetAt(utc(from));
  for (let ms = utc(from) + minuteMs; ms <= utc(to); ms += minuteMs) {
    const wall = ms + offsetAt(ms);
    const isShown = starts.atOrBefore(wall, wall) !== undefined;
    const isSkipped = wall > latestWall + minuteMs && starts.atOrBefore(wall, latestWall + 1) !== undefined;
    if (starts.isEveryHour ? isShown : (isShown && wall > latestWall) || isSkipped) found.push(shown(ms) ?? '');
    latestWall = Math.max(latestWall, wall);
  }
  return found;
}

for (const [zone, nights] of [
  ['Europe/Berlin', ['2026-03-28', '2026-10-24']],
  ['America/New_York', ['2026-03-07', '2026-10-31']],
  // Half an hour is changed there.
  ['Australia/Lord_Howe', ['2026-04-03', '2026-10-02']],
  // At midnight, so that a day begins at 1:00.
  ['Africa/Cairo', ['2026-04-23', '2026-10-28']],
] as const) {
  run(`says what the clock on the wall says in the nights in which clocks change: ${zone}`, () => {
    const offsetAt = offsetIn(zone);
    for (const cron of [
      '30 2 * * *',
      '*/7 1,2,3 * * *',
      '0 */2 * * *',
      '15 * * * *',
      '*/20 * * * *',
      '0 0 * * *',
      '59 1 * * sun',
    ]) {
      for (const night of nights) {
        const from = `${night}T00:00`;
        const to = shown(utc(from) + 3 * 86_400_000) ?? '';
        assert.equal(
          between(localStarts(cronStarts(cron), offsetAt), from, to),
          watched(cron, offsetAt, from, to),
          `${cron} from ${from}`,
        );
      }
    }
  });
}

run('is quick in those nights, where every second is named', () => {
  const starts = localStarts(cronStarts('* * * * * *'), newYork);
  const begunAt = performance.now();
  let at = utc('2026-11-01T06:30');
  for (let asked = 0; asked < 5; asked += 1) {
    const next: number = starts.after(at) ?? 0;
    assert.is(next, at + 1000);
    assert.is(starts.atOrBefore(next, at), next);
    at = next;
  }
  assert.ok(performance.now() - begunAt < 10_000);
});

run('takes the time zone of the system from TZ', async () => {
  const script = `
    import { cronStarts } from '${packageFolder}/src/worker/schedule/cron-starts.ts';
    import { localStarts, systemOffsetAt } from '${packageFolder}/src/worker/schedule/local-starts.ts';
    const starts = localStarts(cronStarts('30 2 * * *'), systemOffsetAt);
    let at = Number(process.argv[1]);
    console.log([1, 2, 3].map(() => new Date((at = starts.after(at))).toISOString().slice(0, 16)).join(' '));`;
  const inZone = async (zone: string, from: string): Promise<string> => {
    const end = await runChild({
      file: process.execPath,
      args: ['--input-type=module', '-e', script, String(utc(from))],
      env: { TZ: zone },
      stdoutLimitBytes: 10_000,
    });
    return end.stdout.trim() || end.outputTail;
  };
  assert.is(await inZone('Europe/Berlin', '2026-03-28T00:00'), '2026-03-28T01:30 2026-03-29T01:00 2026-03-30T00:30');
  assert.is(await inZone('America/New_York', '2026-10-31T00:00'), '2026-10-31T06:30 2026-11-01T07:30 2026-11-02T07:30');
  assert.is(await inZone('UTC', '2026-03-28T02:30'), '2026-03-29T02:30 2026-03-30T02:30 2026-03-31T02:30');
});

run.run();
