import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { keepLease } from './lease-keeper.ts';
import type { Answer } from './server-answer.ts';

const run = suite('keepLease');

/** A keeper whose server answers as told, on a clock that is turned by hand. */
function keeper(seconds: number | undefined) {
  const clock = fakeClock();
  const sent: object[] = [];
  let answer: Answer = { kind: 'accepted' };
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
  return { kept, clock, sent, answerWith: (next: Answer) => (answer = next) };
}

run('renews the lease every twenty seconds with phase and progress', async () => {
  const { kept, clock, sent } = keeper(90);
  for (let step = 0; step < 6; step += 1) await clock.advance(10_000);
  assert.is(sent.length, 3);
  assert.equal(sent[0], { id: 'a', phase: 'transcribe', progress: 0.5 });
  kept[Symbol.dispose]();
});

run('renews a short lease in time', async () => {
  const { kept, clock, sent } = keeper(6);
  for (let step = 0; step < 6; step += 1) await clock.advance(1000);
  assert.is(sent.length, 3);
  kept[Symbol.dispose]();
});

run('sends no flood of heartbeats, however short the lease', async () => {
  const { kept, clock, sent } = keeper(0.0001);
  for (let step = 0; step < 50; step += 1) await clock.advance(100);
  assert.is(sent.length, 5);
  kept[Symbol.dispose]();
});

run('tells that the lease is lost, and is silent then', async () => {
  const { kept, clock, sent, answerWith } = keeper(90);
  answerWith({ kind: 'refused', reason: 'HTTP 409: somebody else has it' });
  await clock.advance(20_000);
  assert.ok(kept.lost.aborted);
  assert.match(String(kept.lost.reason), 'somebody else has it');
  await clock.advance(60_000);
  assert.is(sent.length, 1);
});

run('goes on while the server is away, however long', async () => {
  const { kept, clock, sent, answerWith } = keeper(90);
  answerWith({ kind: 'later', reason: 'ECONNREFUSED', retryAfterMs: undefined });
  for (let step = 0; step < 60; step += 1) await clock.advance(20_000);
  assert.not(kept.lost.aborted);
  assert.is(sent.length, 60);
  kept[Symbol.dispose]();
});

run("sends nothing to an ancestor's server, and nothing when it is done", async () => {
  const ancestor = keeper(undefined);
  const done = keeper(90);
  done.kept[Symbol.dispose]();
  await ancestor.clock.advance(600_000);
  await done.clock.advance(600_000);
  assert.equal([ancestor.sent.length, done.sent.length], [0, 0]);
});

run.run();
