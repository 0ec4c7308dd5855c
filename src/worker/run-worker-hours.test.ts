import { rm, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { isRunning } from '../../test/support/processes.ts';
import { type FakeServer, startFakeServer } from './testing/fake-server.ts';
import { hurriedClock } from './testing/hurried-clock.ts';
import { readSample, startWorker, type TestWorker } from './testing/start-worker.ts';

const run = suite('runWorker, in its working hours');

const sample = await readSample();

/** From midnight to one, local time; a task may be finished until a minute past one. */
const env = { CRON: '0 0 * * *', PROCESSING_HOURS: '1', STT_GRACE_MINUTES: '1', STT_PREFETCH: '0' };

/** Four seconds of the test are left of the hour. */
const shortBeforeOne = (): number => new Date(2026, 5, 1, 0, 58, 0).getTime();

const claims = (server: FakeServer): number => server.callsOf('task').length;

/** A worker with a task in its slot, whose time it knows to be short, when its hour ends. */
async function startLateTask(server: FakeServer): Promise<TestWorker & { release: () => Promise<void> }> {
  const worker = await startWorker({
    serverUrl: server.url,
    habit: 'waits_for_a_file',
    env,
    clock: hurriedClock(shortBeforeOne()),
    prepare: ({ folder }) => writeFile(`${folder}/whisper-cli.go`, ''),
  });
  const goFile = `${worker.engine.file}.go`;
  server.add(sample);
  await worker.saw('transcribed');
  await rm(goFile);
  server.add(sample);
  await eventually(async () => (await worker.engine.pids()).length === 2, 'the second one runs');
  assert.is((await worker.saw('closed')).why, 'hours');
  return Object.assign(worker, { release: () => writeFile(goFile, '') });
}

run('finishes what will be done soon after its hours, and takes nothing new', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await using worker = await startLateTask(server);
  const claimsBefore = claims(server);
  await worker.release();
  await eventually(() => server.callsOf('result').length === 2, 'it is delivered');
  server.add(sample);
  assert.is(server.callsOf('release').length, 0);
  assert.is(claims(server), claimsBefore);
  assert.match((await worker.saw('closed')).until ?? '', /^2026-06-0/u);
});

run('hands back what was to be done soon after its hours, and is not', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  await using worker = await startLateTask(server);
  const [, pid = 0] = await worker.engine.pids();
  const { accepted, reason } = await worker.saw('handed_back');
  assert.equal([accepted, reason], [true, 'outside the working hours']);
  assert.not(isRunning(pid));
  assert.is(server.callsOf('result').length, 1);
});

run('hands back at the end of its hours what nobody knows the time of', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(sample);
  await using worker = await startWorker({
    serverUrl: server.url,
    habit: 'hangs',
    env,
    clock: hurriedClock(shortBeforeOne()),
  });
  await worker.engine.pids();
  await worker.saw('closed');
  const closedAt = performance.now();
  await worker.saw('handed_back');
  assert.ok(performance.now() - closedAt < 1500);
});

run('waits for its hours, and begins with them', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(sample);
  const clock = hurriedClock(new Date(2026, 5, 1, 23, 59, 15).getTime());
  await using worker = await startWorker({ serverUrl: server.url, env, clock });
  const { why, until } = await worker.saw('closed');
  assert.equal([why, until], ['hours', new Date(2026, 5, 2).toISOString()]);
  assert.is(claims(server), 0);
  await worker.saw('opened');
  assert.is((await worker.saw('transcribed')).delivery, 'accepted');
});

run('keeps no hours when it is to end by itself', async () => {
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  server.add(sample);
  const clock = hurriedClock(new Date(2026, 5, 1, 12, 0, 0).getTime());
  await using worker = await startWorker({ serverUrl: server.url, mode: 'until_empty', env, clock });
  assert.is((await worker.ended).transcribed, 1);
});

run.run();
