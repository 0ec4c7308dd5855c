import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { AppError } from '../../app-error.ts';
import type { WorkerEvent } from '../worker-event.ts';
import { startWorkingHours } from './start-working-hours.ts';
import { createWorkPermit } from './work-permit.ts';

const run = suite('startWorkingHours');

const utc = (text: string): number => Date.parse(`${text}:00Z`);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function begin(now: string, options: { cron?: string | undefined; hours?: number; graceMinutes?: number }) {
  const clock = fakeClock(utc(now));
  const events: WorkerEvent[] = [];
  const permit = createWorkPermit((event) => events.push(event));
  let changes = 0;
  permit.onChange(() => (changes += 1));
  const ending = new AbortController();
  const following = startWorkingHours({
    cron: 'cron' in options ? options.cron : '0 22 * * *',
    hours: options.hours ?? 8,
    graceMs: (options.graceMinutes ?? 10) * minuteMs,
    clock,
    permit,
    signal: ending.signal,
    offsetAt: () => 0,
  });
  return {
    clock,
    permit,
    events,
    end: () => ending.abort(),
    dispose: () => following[Symbol.dispose](),
    changes: () => changes,
    isOpen: () => permit.closure === undefined,
  };
}

/** Minute by minute, as time goes by on a machine that is awake. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += minuteMs) await clock.advance(minuteMs);
}

run('does nothing without CRON', async () => {
  const { isOpen, clock, changes } = begin('2026-01-01T12:00', { cron: undefined });
  await pass(clock, 24 * hourMs);
  assert.ok(isOpen());
  assert.is(changes(), 0);
});

run('closes at once outside the hours, opens at the start, closes at the end with grace', async () => {
  const { permit, clock, events, end, changes } = begin('2026-01-01T20:00', {});
  assert.equal(permit.closure, {
    why: 'hours',
    reason: 'outside the working hours',
    finishByMs: utc('2026-01-01T06:10'),
    untilMs: utc('2026-01-01T22:00'),
  });
  await pass(clock, 2 * hourMs - minuteMs);
  assert.is(permit.closure?.why, 'hours');
  assert.is(changes(), 1);
  await pass(clock, minuteMs);
  assert.is(permit.closure, undefined);
  await pass(clock, 8 * hourMs - minuteMs);
  assert.is(permit.closure, undefined);
  await pass(clock, minuteMs);
  assert.equal(permit.closure, {
    why: 'hours',
    reason: 'outside the working hours',
    finishByMs: utc('2026-01-02T06:10'),
    untilMs: utc('2026-01-02T22:00'),
  });
  assert.equal(
    events.map(({ event }) => event),
    ['closed', 'opened', 'closed'],
  );
  end();
  await pass(clock, 24 * hourMs);
  assert.is(events.length, 3);
});

run('follows no longer when it is disposed of', async () => {
  const { isOpen, clock, dispose } = begin('2026-01-01T20:00', {});
  dispose();
  await pass(clock, 3 * hourMs);
  assert.not(isOpen());
});

run('works at once when started within a window', async () => {
  const { isOpen, events, clock } = begin('2026-01-01T05:00', {});
  assert.ok(isOpen());
  assert.is(events.length, 0);
  await pass(clock, hourMs);
  assert.not(isOpen());
});

run('looks at the clock at the very start, not a minute later', async () => {
  const { isOpen, clock } = begin('2026-01-01T21:59', { cron: '30 59 21 * * *' });
  assert.ok(clock.isAwaited(30_000));
  await clock.advance(29_999);
  assert.not(isOpen());
  await clock.advance(1);
  assert.ok(isOpen());
});

run('does not stop between windows that touch', async () => {
  const { isOpen, events, clock } = begin('2026-01-01T00:30', { cron: '0 */2 * * *', hours: 2 });
  await pass(clock, 12 * hourMs);
  assert.ok(isOpen());
  assert.is(events.length, 0);
});

run('follows a clock that is set back and forth, within a minute', async () => {
  const { isOpen, permit, clock, events } = begin('2026-01-01T20:00', {});
  clock.jump(3 * hourMs);
  await pass(clock, minuteMs);
  assert.ok(isOpen());
  clock.jump(-3 * hourMs);
  await pass(clock, minuteMs);
  assert.not(isOpen());
  assert.is(permit.closure?.untilMs, utc('2026-01-01T22:00'));
  clock.jump(-24 * hourMs);
  await pass(clock, minuteMs);
  assert.is(permit.closure?.untilMs, utc('2025-12-31T22:00'));
  clock.jump(24 * hourMs + 12 * hourMs);
  await pass(clock, minuteMs);
  assert.is(permit.closure?.untilMs, utc('2026-01-02T22:00'));
  assert.is(permit.closure?.finishByMs, utc('2026-01-02T06:10'));
  assert.equal(
    events.map(({ event }) => event),
    ['closed', 'opened', 'closed', 'closed', 'closed'],
  );
});

run('after a sleep of the machine over the end, tasks get no grace that is long over', async () => {
  const { isOpen, permit, clock } = begin('2026-01-01T23:00', {});
  assert.ok(isOpen());
  clock.jump(12 * hourMs);
  await pass(clock, minuteMs);
  assert.not(isOpen());
  assert.is(permit.closure?.finishByMs, utc('2026-01-02T06:10'));
  // And after one over whole windows: as if nothing had been.
  clock.jump(11 * hourMs);
  await pass(clock, minuteMs);
  assert.ok(isOpen());
});

run('without end: waits for the first start, and then never stops', async () => {
  for (const hours of [0, -1]) {
    const { isOpen, permit, clock, events } = begin('2026-01-01T22:30', { hours });
    assert.not(isOpen());
    assert.is(permit.closure?.untilMs, utc('2026-01-02T22:00'));
    assert.is(permit.closure?.finishByMs, utc('2026-01-01T22:30'));
    await pass(clock, 23.5 * hourMs - minuteMs);
    assert.not(isOpen());
    await pass(clock, minuteMs);
    assert.ok(isOpen());
    await pass(clock, 24 * hourMs);
    clock.jump(-48 * hourMs);
    await pass(clock, minuteMs);
    assert.ok(isOpen());
    assert.is(events.length, 2);
  }
});

run('without end: a clock that is set back does not make it wait for the start of another year', async () => {
  const { isOpen, clock } = begin('2030-01-01T12:00', { hours: 0 });
  clock.jump(-4 * 365 * 24 * hourMs);
  await pass(clock, 24 * hourMs);
  assert.ok(isOpen());
});

run('without end: a start that the machine slept through counts', async () => {
  const { isOpen, clock } = begin('2026-01-01T12:00', { hours: 0 });
  clock.jump(30 * hourMs);
  await pass(clock, minuteMs);
  assert.ok(isOpen());
});

run('says it once, however long it stays closed', async () => {
  const { permit, clock, changes } = begin('2026-01-05T12:00', { cron: '0 22 * * sun' });
  await pass(clock, 4 * 24 * hourMs);
  assert.is(permit.closure?.finishByMs, utc('2026-01-05T06:10'));
  assert.is(changes(), 1);
});

run('leaves the other reasons alone', async () => {
  const { permit, clock } = begin('2026-01-01T21:00', {});
  permit.close({ why: 'pause', reason: 'paused', finishByMs: 0 });
  await pass(clock, 2 * hourMs);
  assert.is(permit.closure?.why, 'pause');
  assert.is(permit.closures().length, 1);
});

run('refuses an expression that is none, before anything else', () => {
  assert.throws(
    () => begin('2026-01-01T12:00', { cron: '61 * * * *' }),
    (error: unknown) => error instanceof AppError && error.exitCode === 78 && error.message.includes('CRON'),
  );
});

run.run();
