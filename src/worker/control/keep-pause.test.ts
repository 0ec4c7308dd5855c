import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../../test/support/eventually.ts';
import { type FakeClock, fakeClock } from '../../../test/support/fake-clock.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { createWorkPermit, type WorkPermit } from '../schedule/work-permit.ts';
import type { WorkerEvent } from '../worker-event.ts';
import { keepPause, type PauseKeeper } from './keep-pause.ts';
import { parsePause, pauseFrom, pauseNow, pauseText, removePause, writePause } from './pause-file.ts';

const run = suite('pause');

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const graceMs = 600_000;

type Paused = AsyncDisposable & { keeper: PauseKeeper; permit: WorkPermit; events: WorkerEvent[]; file: string };

/** A worker, as far as pauses go. */
async function start(folder: TemporaryFolder, clock: FakeClock): Promise<Paused> {
  const events: WorkerEvent[] = [];
  const report = (event: WorkerEvent): void => void events.push(event);
  const permit = createWorkPermit(report);
  const file = folder.join('worker', 'pause.json');
  const keeper = await keepPause({ file, permit, graceMs, clock, report });
  return { keeper, permit, events, file, [Symbol.asyncDispose]: () => keeper[Symbol.asyncDispose]() };
}

const warnings = (events: readonly WorkerEvent[]): string[] =>
  events.flatMap((event) => (event.event === 'warning' ? [event.message] : []));

/** It has looked, and sleeps again. */
const hasLooked = (clock: FakeClock): Promise<unknown> => eventually(() => clock.isAwaited(60_000), 'it has looked');

run('closes the permit, lets running tasks end, and opens it by itself', async () => {
  await using folder = await temporaryFolder();
  const clock = fakeClock();
  await using worker = await start(folder, clock);
  const beganAt = clock.now();
  assert.is(worker.permit.closure, undefined);
  await worker.keeper.pause({ forMs: 2 * hourMs, isAtOnce: false });
  assert.equal(worker.permit.closure, {
    why: 'pause',
    reason: 'paused by a person',
    finishByMs: beganAt + graceMs,
    untilMs: beganAt + 2 * hourMs,
  });
  for (let minute = 0; minute < 119; minute += 1) {
    await hasLooked(clock);
    await clock.advance(60_000);
  }
  assert.is(worker.permit.closure?.untilMs, beganAt + 2 * hourMs);
  await hasLooked(clock);
  await clock.advance(60_000);
  await eventually(() => worker.permit.closure === undefined, 'the pause ends');
  await eventually(async () => (await readFile(worker.file, 'utf8').catch(() => '')) === '', 'its file is gone');
  assert.equal(
    worker.events.map(({ event }) => event),
    ['closed', 'opened'],
  );
});

run('ends to the second, not to the minute', async () => {
  await using folder = await temporaryFolder();
  const clock = fakeClock();
  await using worker = await start(folder, clock);
  await worker.keeper.pause({ forMs: 45_000, isAtOnce: false });
  await eventually(() => clock.isAwaited(45_000), 'it will be awake in time');
  await clock.advance(44_000);
  assert.is(worker.permit.closure?.why, 'pause');
  await clock.advance(1000);
  await eventually(() => worker.permit.closure === undefined, 'the pause ends');
});

run('hands back at once where it is asked to', async () => {
  await using folder = await temporaryFolder();
  const clock = fakeClock();
  await using worker = await start(folder, clock);
  await worker.keeper.pause({ isAtOnce: true });
  assert.is(worker.permit.closure?.finishByMs, clock.now());
  assert.is(worker.permit.closure?.untilMs, undefined);
  await worker.keeper.resume();
  assert.is(worker.permit.closure, undefined);
});

run('survives a restart, and is in force before the first claim', async () => {
  await using folder = await temporaryFolder();
  const clock = fakeClock();
  {
    await using worker = await start(folder, clock);
    await worker.keeper.pause({ forMs: dayMs, isAtOnce: false });
  }
  await clock.advance(hourMs);
  {
    await using worker = await start(folder, clock);
    assert.is(worker.permit.closure?.untilMs, clock.now() + 23 * hourMs);
  }
  await clock.advance(23 * hourMs);
  await using worker = await start(folder, clock);
  assert.is(worker.permit.closure, undefined, 'it is over');
  assert.is(await readFile(worker.file, 'utf8').catch(() => 'removed'), 'removed');
  assert.equal(warnings(worker.events), []);
});

run('is heard of by its file alone, and so is its end', async () => {
  await using folder = await temporaryFolder();
  const clock = fakeClock();
  await using worker = await start(folder, clock);
  await writePause(worker.file, pauseFrom({ isAtOnce: false }, clock.now()));
  await hasLooked(clock);
  await clock.advance(60_000);
  await eventually(() => worker.permit.closure?.why === 'pause', 'the pause is seen');
  await hasLooked(clock);
  assert.ok(await removePause(worker.file));
  await clock.advance(60_000);
  await eventually(() => worker.permit.closure === undefined, 'its end is seen');
  assert.not.ok(await removePause(worker.file));
});

run('is not prolonged by a machine that slept', async () => {
  await using folder = await temporaryFolder();
  const clock = fakeClock();
  await using worker = await start(folder, clock);
  await worker.keeper.pause({ forMs: 2 * hourMs, isAtOnce: false });
  await hasLooked(clock);
  // Timers stand still while a machine sleeps; the wall clock does not.
  clock.jump(3 * hourMs);
  await clock.advance(60_000);
  await eventually(() => worker.permit.closure === undefined, 'the pause ends within a minute');
});

run('does not last until next year where the clock is set back', async () => {
  await using folder = await temporaryFolder();
  const clock = fakeClock();
  await using worker = await start(folder, clock);
  await worker.keeper.pause({ forMs: 2 * hourMs, isAtOnce: false });
  await hasLooked(clock);
  clock.jump(-365 * dayMs);
  await clock.advance(60_000);
  const leftMs = (): number => (worker.permit.closure?.untilMs ?? Infinity) - clock.now();
  await eventually(() => leftMs() <= 2 * hourMs, 'it begins anew');
  assert.ok(leftMs() >= 2 * hourMs - 60_000);
  for (let minute = 0; minute < 120; minute += 1) {
    await hasLooked(clock);
    await clock.advance(60_000);
  }
  await eventually(() => worker.permit.closure === undefined, 'and ends');
});

run('ignores garbage and a pause of years, says so, and removes it', async () => {
  for (const text of [
    '',
    'null',
    '[]',
    '{"since":"yesterday","isAtOnce":false}',
    pauseText({ sinceMs: 0, untilMs: 31 * dayMs, isAtOnce: false }),
    pauseText({ sinceMs: dayMs, untilMs: 0, isAtOnce: false }),
    '\0'.repeat(100),
  ]) {
    await using folder = await temporaryFolder();
    await mkdir(folder.join('worker'));
    await writeFile(folder.join('worker', 'pause.json'), text);
    await using worker = await start(folder, fakeClock());
    assert.is(worker.permit.closure, undefined, text);
    assert.match(warnings(worker.events).join(), /pause\.json was no pause, and is removed/u);
    assert.is(await readFile(worker.file, 'utf8').catch(() => 'removed'), 'removed');
  }
});

run('that cannot be written is in force nevertheless', async () => {
  await using folder = await temporaryFolder();
  // In place of the folder.
  await writeFile(folder.join('worker'), '');
  const clock = fakeClock();
  await using worker = await start(folder, clock);
  await worker.keeper.pause({ forMs: hourMs, isAtOnce: false });
  assert.is(worker.permit.closure?.why, 'pause');
  assert.match(warnings(worker.events).join(), /cannot be written/u);
  await hasLooked(clock);
  await clock.advance(60_000);
  await hasLooked(clock);
  assert.is(worker.permit.closure?.why, 'pause', 'also after the next look');
  await worker.keeper.resume();
  assert.is(worker.permit.closure, undefined);
});

if (process.getuid?.() !== 0) {
  run('whose file cannot be read is told once, and nothing is changed', async () => {
    await using folder = await temporaryFolder();
    const clock = fakeClock();
    await using worker = await start(folder, clock);
    await worker.keeper.pause({ isAtOnce: false });
    await chmod(worker.file, 0);
    for (let minute = 0; minute < 5; minute += 1) {
      await hasLooked(clock);
      await clock.advance(60_000);
    }
    await hasLooked(clock);
    assert.is(worker.permit.closure?.why, 'pause');
    assert.is(warnings(worker.events).length, 1);
  });
}

run('reads back what it writes', () => {
  for (const pause of [
    { sinceMs: 1000, isAtOnce: true },
    { sinceMs: 1000, untilMs: 5000, isAtOnce: false },
    pauseFrom({ forMs: 30 * dayMs, isAtOnce: false }, 12_345),
  ]) {
    assert.equal(parsePause(pauseText(pause)), pause);
  }
  assert.is(pauseNow(undefined, 5), undefined);
  const pause = { sinceMs: 1000, untilMs: 5000, isAtOnce: false };
  assert.equal(pauseNow(pause, 4999), pause);
  assert.is(pauseNow(pause, 5000), undefined);
  assert.equal(pauseNow(pause, 0), pause, 'a clock that is a little behind');
});

run.run();
