import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { AppError } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { startCheckRound } from './check-round.ts';
import { type CheckName, fail, type Finding, ok, skipped, warn } from './finding.ts';

const run = suite('check round');

const never = new AbortController().signal;

run('runs side by side, and tells in the order of the beginning', async () => {
  const running: (readonly CheckName[])[] = [];
  const { begin, finish } = startCheckRound({ signal: never, onRunning: (names) => running.push(names) });
  const second = Promise.withResolvers<void>();
  // Would wait for ever if one came after the other.
  begin('disk', [], async () => {
    await second.promise;
    return ok('first', undefined);
  });
  begin('clock', [], () => {
    second.resolve();
    return ok('second', undefined);
  });
  const told: Finding[] = [];
  const all = await finish((finding) => told.push(finding));
  assert.equal(
    all.map(({ check, found }) => [check, found]),
    [
      ['disk', 'first'],
      ['clock', 'second'],
    ],
  );
  assert.equal(told, all);
  assert.ok(running.some((names) => names.includes('disk') && names.includes('clock')));
  assert.equal(running.at(-1), []);
});

run('hands the values of needs on, also of one with a warning', async () => {
  const { begin, finish } = startCheckRound({ signal: never });
  const one = begin('engine', [], () => ok('', 20));
  const two = begin('model', [], () => warn('', '', 'x'));
  begin('sample', [one, two], (number, text) => ok(`${number + 1}${text}`, undefined));
  assert.is((await finish(() => {})).at(-1)?.found, '21x');
});

run('skips what needs a check that failed or was skipped, and never calls it', async () => {
  const { begin, finish } = startCheckRound({ signal: never });
  const broken = begin('engine', [], () => fail('gone', 'mend it', 'STT_GONE', exitCodes.config));
  const thrown = begin('model', [], (): never => {
    throw new AppError('Lost.', { code: 'STT_LOST', exitCode: exitCodes.noInput });
  });
  const left = begin('vad', [broken], (): never => {
    throw new Error('called');
  });
  begin('sample', [left], () => ok('called', undefined));
  begin('gpu', [thrown], () => ok('called', undefined));
  begin('server', [], () => skipped('nobody asked'));
  const seen = (await finish(() => {})).map(({ status, found, code, exitCode }) => ({ status, found, code, exitCode }));
  const skip = (found: string) => ({ status: 'skipped', found, code: undefined, exitCode: undefined });
  assert.equal(seen, [
    { status: 'fail', found: 'gone', code: 'STT_GONE', exitCode: 78 },
    { status: 'fail', found: 'Lost.', code: 'STT_LOST', exitCode: 66 },
    skip('"engine" failed'),
    skip('"vad" was skipped'),
    skip('"model" failed'),
    skip('nobody asked'),
  ]);
});

run('counts the time of a check without that of its needs', async () => {
  const { begin, finish } = startCheckRound({ signal: never });
  const slow = begin('engine', [], async () => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    return ok('', undefined);
  });
  begin('sample', [slow], () => ok('', undefined));
  const [first, second] = await finish(() => {});
  assert.ok((first?.seconds ?? 0) >= 0.05);
  assert.ok((second?.seconds ?? 1) < 0.05);
});

run('hides secrets, wherever they come from', async () => {
  const { begin, finish } = startCheckRound({ signal: never });
  const secret = `stt_w_${'a1B2'.repeat(10)}`;
  begin('server', [], () => warn(`http://me:hunter2@server refuses ${secret}`, `drop ${secret}`, undefined));
  const told = JSON.stringify(await finish(() => {}));
  assert.not.ok(told.includes(secret) || told.includes('hunter2'), told);
});

run('ends with the reason of the signal, once all that ran has ended', async () => {
  const stop = new AbortController();
  const { begin, finish } = startCheckRound({ signal: stop.signal });
  let hasEnded = false;
  let isCalled = false;
  begin('disk', [], () => ok('', undefined));
  const slow = begin('sample', [], async () => {
    await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
    await new Promise((resolve) => setTimeout(resolve, 30));
    hasEnded = true;
    throw stop.signal.reason;
  });
  begin('gpu', [slow], () => {
    isCalled = true;
    return ok('', undefined);
  });
  const finished = finish(() => stop.abort(new Error('enough')));
  await rejects(finished, /enough/u);
  assert.ok(hasEnded);
  assert.not(isCalled);
});

run.run();
