import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { keepLease } from './lease-keeper.ts';
import type { Answer } from '../wire/server-answer.ts';

const run = suite('keepLease');

/** A keeper whose server answers as told, on a clock that is turned by hand. */
async function keeper(seconds: number | undefined, first: Answer = { kind: 'accepted' }) {
  const clock = fakeClock();
  const sent: object[] = [];
  let answer = first;
  const kept = keepLease({
    lease: { id: 'a', language: 'en', seconds },
    clock,
    current: () => ({ phase: 'transcribe', progress: 0.5 }),
    client: {
      sendHeartbeat: (message) => {
        sent.push(message);
        return Promise.resolve(answer);
      },
    },
  });
  // The first one is answered.
  await clock.advance(0);
  return { kept, clock, sent, answerWith: (next: Answer) => (answer = next) };
}

run('renews the lease at once and every twenty seconds with phase and progress', async () => {
  const { kept, clock, sent } = await keeper(90);
  for (let step = 0; step < 6; step += 1) await clock.advance(10_000);
  assert.is(sent.length, 4);
  assert.equal(sent[0], { id: 'a', phase: 'transcribe', progress: 0.5 });
  kept[Symbol.dispose]();
});

run('renews a short lease in time', async () => {
  const { kept, clock, sent } = await keeper(6);
  for (let step = 0; step < 6; step += 1) await clock.advance(1000);
  assert.is(sent.length, 4);
  kept[Symbol.dispose]();
});

run('sends no flood of heartbeats, however short the lease', async () => {
  const { kept, clock, sent } = await keeper(0.0001);
  for (let step = 0; step < 50; step += 1) await clock.advance(100);
  assert.is(sent.length, 6);
  kept[Symbol.dispose]();
});

run('tells that the lease is lost, and is silent then', async () => {
  const { kept, clock, sent, answerWith } = await keeper(90);
  answerWith({ kind: 'refused', reason: 'HTTP 409: somebody else has it' });
  await clock.advance(20_000);
  assert.ok(kept.lost.aborted);
  assert.match(String(kept.lost.reason), 'somebody else has it');
  await clock.advance(60_000);
  assert.is(sent.length, 2);
});

run('goes on while the server is away, however long', async () => {
  const { kept, clock, sent, answerWith } = await keeper(90);
  answerWith({ kind: 'later', reason: 'ECONNREFUSED', retryAfterMs: undefined });
  for (let step = 0; step < 60; step += 1) await clock.advance(20_000);
  assert.not(kept.lost.aborted);
  assert.ok(sent.length >= 60 && sent.length < 70);
  kept[Symbol.dispose]();
});

run('confirms the lease with the first renewal that succeeds, and tries soon again before that', async () => {
  const { kept, clock, sent, answerWith } = await keeper(90, {
    kind: 'later',
    reason: 'ECONNREFUSED',
    retryAfterMs: undefined,
  });
  let isConfirmed = false;
  void kept.confirmed.then(() => (isConfirmed = true));
  await clock.advance(1000);
  assert.equal([sent.length, isConfirmed], [2, false]);
  answerWith({ kind: 'accepted' });
  await clock.advance(2000);
  assert.equal([sent.length, isConfirmed], [3, true]);
  kept[Symbol.dispose]();
});

run('does not wait longer for an answer than until the next renewal', async () => {
  const clock = fakeClock();
  const given: AbortSignal[] = [];
  using kept = keepLease({
    lease: { id: 'a', language: 'en', seconds: 90 },
    clock,
    current: () => ({ phase: 'download', progress: 0 }),
    client: {
      sendHeartbeat: (_, signal) => {
        given.push(signal);
        return new Promise((resolve) => {
          const give = (): void => resolve({ kind: 'later', reason: 'no answer', retryAfterMs: undefined });
          signal.addEventListener('abort', give);
        });
      },
    },
  });
  await clock.advance(19_000);
  assert.not(given[0]?.aborted);
  await clock.advance(1000);
  assert.ok(given[0]?.aborted);
  await clock.advance(2000);
  assert.is(given.length, 2);
  assert.not(kept.lost.aborted);
});

run("sends nothing to an ancestor's server, and nothing when it is done", async () => {
  const ancestor = await keeper(undefined);
  const done = await keeper(90);
  done.kept[Symbol.dispose]();
  await ancestor.clock.advance(600_000);
  await done.clock.advance(600_000);
  await ancestor.kept.confirmed;
  assert.equal([ancestor.sent.length, done.sent.length], [0, 1]);
});

run.run();
