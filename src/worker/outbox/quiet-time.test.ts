import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import type { Answer } from '../wire/server-answer.ts';
import { createQuietTime } from './quiet-time.ts';

const run = suite('createQuietTime');

const asks = (retryAfterMs: number | undefined): Answer => ({ kind: 'later', reason: 'HTTP 503', retryAfterMs });

run('lasts as long as the server asked, and a tenth more by chance', async () => {
  for (const [chance, ms] of [
    [0, 100_000],
    [1, 110_000],
  ] as const) {
    const clock = fakeClock();
    const quiet = createQuietTime(clock, () => chance);
    assert.is(quiet.leftMs(), 0);
    quiet.heed(asks(100_000));
    assert.is(quiet.leftMs(), ms);
    await clock.advance(ms - 1);
    assert.is(quiet.leftMs(), 1);
    await clock.advance(1);
    assert.is(quiet.leftMs(), 0);
  }
});

run('is not shortened by a later, shorter wish, nor begun by none', () => {
  const quiet = createQuietTime(fakeClock(), () => 0);
  quiet.heed(asks(undefined));
  quiet.heed(asks(0));
  quiet.heed({ kind: 'accepted' });
  assert.is(quiet.leftMs(), 0);
  quiet.heed(asks(60_000));
  quiet.heed(asks(1000));
  assert.is(quiet.leftMs(), 60_000);
  assert.match(quiet.reason(), 'HTTP 503; it is left alone for 60 s');
});

run('ends when the clock is set back, rather than last for a day', () => {
  const clock = fakeClock();
  const quiet = createQuietTime(clock, () => 0);
  quiet.heed(asks(60_000));
  clock.jump(-86_400_000);
  assert.is(quiet.leftMs(), 0);
});

run.run();
