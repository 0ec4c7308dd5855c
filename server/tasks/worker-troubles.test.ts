import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startTestServer } from '../testing/test-server.ts';
import { WorkerTroubles } from './worker-troubles.ts';

const run = suite('troubles of workers');

run('are news once, when they change, and when they are over', () => {
  const troubles = new WorkerTroubles();
  assert.equal(troubles.note('a', undefined), { kind: 'none' });
  assert.equal(troubles.note('a', 'no GPU'), { kind: 'new', trouble: 'no GPU' });
  assert.equal(troubles.note('a', 'no GPU'), { kind: 'none' });
  assert.equal(troubles.note('b', 'no GPU'), { kind: 'new', trouble: 'no GPU' });
  assert.equal(troubles.note('a', 'disk full'), { kind: 'new', trouble: 'disk full' });
  assert.equal(troubles.note('a', undefined), { kind: 'over' });
  assert.equal(troubles.note('a', ' \n'), { kind: 'none' });
  assert.not.ok(troubles.isEmpty);
  assert.equal(troubles.note('b', ''), { kind: 'over' });
  assert.ok(troubles.isEmpty);
});

run('cannot steer a terminal, nor fill the memory', () => {
  const troubles = new WorkerTroubles();
  assert.equal(troubles.note('a', '\u001B[2Jgone\r\nfake line'), { kind: 'new', trouble: '[2Jgone fake line' });
  for (let number = 0; number < 1000; number += 1) troubles.note(`worker ${number}`, 'no GPU');
  assert.equal(troubles.note('a', undefined), { kind: 'none' }, 'forgotten, as the one who was silent for longest');
  assert.equal(troubles.note('worker 999', 'no GPU'), { kind: 'none' });
});

run('are logged by the server, once for many heartbeats', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const id = await server.claimId();
  const beat = async (more: object): Promise<void> => {
    const answer = await server.post('/heartbeat', { id, phase: 'transcribe', progress: 0.5, ...more });
    assert.is(answer.status, 200);
  };
  const said = (): unknown[] =>
    server.logs
      .filter(({ msg }) => msg.startsWith('a worker'))
      .map(({ level, worker, trouble }) => [level, worker, trouble]);
  await beat({});
  await beat({ trouble: null });
  assert.equal(said(), []);
  await beat({ trouble: 'the engine\u001B[31m crashed' });
  await beat({ trouble: 'the engine\u001B[31m crashed' });
  assert.equal(said(), [[40, 'tester', 'the engine [31m crashed']]);
  await beat({ trouble: 'x'.repeat(5000) });
  assert.is((said()[1] as string[])[2]?.length, 300);
  await beat({});
  await beat({});
  assert.equal(said().slice(2), [[30, 'tester', undefined]]);
  assert.is((await server.post('/heartbeat', { id, trouble: 5 })).status, 400);
});

run('of a lease that is lost say nothing', async () => {
  await using server = await startTestServer({ recordings: ['a.mp3'] });
  const id = await server.claimId();
  assert.is((await server.post('/release', { id })).status, 200);
  assert.is((await server.post('/heartbeat', { id, trouble: 'no GPU' })).status, 409);
  assert.not.ok(server.logs.some(({ msg }) => msg.startsWith('a worker is broken')));
});

run.run();
