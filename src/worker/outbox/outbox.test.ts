import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../../test/support/eventually.ts';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { runChild } from '../../run-child.ts';
import { ownToken } from '../process-owner.ts';
import { startFakeServer } from '../testing/fake-server.ts';
import { openOutbox } from './outbox.ts';
import {
  desk,
  endedRun,
  errorReport,
  giveTo,
  later,
  leaveBehind,
  lettersIn,
  never,
  transcript,
} from './testing/outbox-desk.ts';

const run = suite('outbox');

run('has a letter on disk before it sends it, and none when it is accepted', async () => {
  await using folder = await temporaryFolder();
  const { outbox, sent, beforeAnswer } = await desk(folder);
  let onDisk = '';
  beforeAnswer(async () => {
    const [name = ''] = await lettersIn(folder.path);
    onDisk = await readFile(folder.join(name), 'utf8');
  });
  assert.is(await outbox.post(transcript, never), 'accepted');
  assert.equal([JSON.parse(onDisk), sent], [transcript, [transcript.message]]);
  assert.equal(await lettersIn(folder.path), []);
});

run('keeps a letter that cannot be delivered now, and delivers it later', async () => {
  await using folder = await temporaryFolder();
  const { outbox, events, answerWith } = await desk(folder);
  answerWith(later);
  assert.is(await outbox.post(errorReport, never), 'waiting');
  assert.equal(events, [{ event: 'waiting', task: 'b', what: 'error', reason: 'ECONNREFUSED' }]);
  assert.is(await outbox.countWaiting(), 1);

  answerWith({ kind: 'accepted' });
  const stop = new AbortController();
  const delivering = outbox.deliverInBackground(stop.signal);
  await eventually(() => events.length === 2, 'the letter is delivered');
  stop.abort();
  await delivering;
  assert.equal(events[1], { event: 'delivered', task: 'b', what: 'error' });
  assert.equal(await lettersIn(folder.path), []);
});

run('moves a letter that is refused for good aside, with the reason', async () => {
  await using folder = await temporaryFolder();
  const { outbox, events, answerWith } = await desk(folder);
  answerWith({ kind: 'refused', reason: 'HTTP 409: lease lost' });
  assert.is(await outbox.post(transcript, never), 'refused');
  assert.equal(await lettersIn(folder.path), []);
  const [event] = events;
  assert.ok(event?.event === 'refused');
  assert.equal(JSON.parse(await readFile(event.file, 'utf8')), { reason: 'HTTP 409: lease lost', ...transcript });
});

run(
  'sends nothing while the server wants to be left alone: not at post, not in the background, not when flushed',
  async () => {
    await using folder = await temporaryFolder();
    const clock = fakeClock();
    const { outbox, sent, answerWith, events } = await desk(folder, clock);
    answerWith({ ...later, retryAfterMs: 300_000, status: 429 });
    await outbox.post(transcript, never);
    assert.is(await outbox.post(errorReport, never), 'waiting');
    assert.match(JSON.stringify(events[1]), 'left alone for 300 s');
    assert.is(await outbox.flush(200_000, never), 2);
    assert.equal(await outbox.deliverAll(never), {
      delivered: 0,
      refused: 0,
      waiting: 2,
      reason: 'ECONNREFUSED; it is left alone for 300 s, as it asked',
      isTurnedAway: true,
    });
    const stop = new AbortController();
    const delivering = outbox.deliverInBackground(stop.signal);
    await eventually(() => clock.isAwaited(60_000), 'it waits');
    await clock.advance(299_000);
    await eventually(() => clock.isAwaited(1000), 'it waits for the rest');
    assert.is(sent.length, 1);
    answerWith({ kind: 'accepted' });
    await clock.advance(1000);
    await eventually(() => events.filter(({ event }) => event === 'delivered').length === 2, 'both are delivered');
    stop.abort();
    await delivering;
  },
);

run('delivers what a run left behind that ended, oldest first', async () => {
  await using folder = await temporaryFolder();
  await leaveBehind(folder, errorReport, transcript);
  const { outbox, sent } = await desk(folder);
  assert.is(await outbox.flush(0, never), 0);
  assert.equal(sent.length, 2);
  assert.equal(await lettersIn(folder.path), []);
});

run('leaves the letters of other living workers alone', async () => {
  await using folder = await temporaryFolder();
  await leaveBehind(folder, transcript);
  await giveTo(folder, 'other_host-1-1', endedRun);
  const { outbox, sent } = await desk(folder);
  assert.is(await outbox.flush(0, never), 0);
  assert.equal([sent.length, (await lettersIn(folder.path)).length], [0, 1]);
});

run('has each letter delivered once, when two workers find those of a run that ended', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  for (let count = 0; count < 20; count += 1) {
    server.leases.set(String(count), { bytes: Buffer.alloc(0), language: 'en' });
    await leaveBehind(folder, { kind: 'error', message: { id: String(count) } });
  }
  const flush = `
    import { systemClock as clock } from '${import.meta.dirname}/../../clock.ts';
    import { openOutbox } from '${import.meta.dirname}/outbox.ts';
    import { createServerClient } from '${import.meta.dirname}/../wire/server-client.ts';
    const client = createServerClient({ serverUrl: '${server.url}', workerName: 'w', credentials: undefined, clock });
    const outbox = await openOutbox({ folder: '${folder.path}', client, clock, report: () => {} });
    await outbox.flush(0, new AbortController().signal);`;
  const worker = { file: process.execPath, args: ['--input-type=module', '-e', flush] };
  const ends = await Promise.all([runChild(worker), runChild(worker)]);
  for (const end of ends) assert.is(end.exitCode, 0, end.outputTail);
  assert.is(server.callsOf('error').length, 20);
  assert.equal([await lettersIn(folder.path), await readdir(folder.join('refused'))], [[], []]);
});

run('sets a file aside that is no letter, and goes on', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join(`000000000000001-ab.${endedRun}.json`), '{"kind":"resu');
  await leaveBehind(folder, transcript);
  const { outbox, sent, events } = await desk(folder);
  await outbox.flush(0, never);
  assert.equal(sent, [transcript.message]);
  assert.is(events[0]?.event, 'warning');
  assert.is((await readdir(folder.join('refused'))).length, 1);
});

run('delivers a letter whose folder was taken away, and keeps it where it must wait', async () => {
  await using folder = await temporaryFolder();
  const { outbox, answerWith } = await desk(folder);
  await rm(folder.path, { recursive: true });
  answerWith(later);
  assert.is(await outbox.post(transcript, never), 'waiting');
  assert.is((await lettersIn(folder.path)).length, 1);
});

run('sends a letter that cannot be written, and gives it up only when that fails too', async () => {
  await using folder = await temporaryFolder();
  const { outbox, sent, answerWith } = await desk(folder);
  await rm(folder.path, { recursive: true });
  await writeFile(folder.path, 'no folder');
  assert.is(await outbox.post(transcript, never), 'accepted');
  answerWith(later);
  const error = await rejects(outbox.post(transcript, never), /outbox .*could not be delivered either/u);
  assert.equal([error['code'], error['exitCode'], sent.length], ['STT_OUTBOX', 74, 2]);
  assert.equal([await outbox.countWaiting(), await outbox.flush(0, never)], [0, 0]);
});

run('leaves alone what only looks like a letter, and delivers the others', async () => {
  await using folder = await temporaryFolder();
  await leaveBehind(folder, transcript);
  await mkdir(folder.join(`000000000000001-ab.${endedRun}.json`));
  // In the way of the letter of an ended run that is to become ours.
  await writeFile(folder.join(`000000000000002-ab.${endedRun}.json`), JSON.stringify(errorReport));
  await mkdir(folder.join(`000000000000002-ab.${ownToken}.json`));
  const { outbox, sent, events } = await desk(folder);
  assert.is(await outbox.flush(0, never), 0);
  assert.equal(sent, [transcript.message]);
  assert.equal(
    events.map(({ event }) => event),
    ['warning', 'delivered'],
  );
  assert.is(await outbox.countWaiting(), 0);
});

run('says that its folder cannot be made', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('file'), '');
  const error = await rejects(desk({ ...folder, path: folder.join('file') }), /The outbox .* cannot be used: ENOTDIR/u);
  assert.is(error['exitCode'], 74);
});

run('waits no longer than told for a server that does not answer', async () => {
  await using folder = await temporaryFolder();
  const clock = fakeClock();
  let isBrokenOff = false;
  const sent: object[] = [];
  const outbox = await openOutbox({
    folder: folder.path,
    clock,
    report: () => {},
    client: {
      sendError: () => Promise.resolve(later),
      sendResult: (message, signal) =>
        new Promise((resolve) => {
          sent.push(message);
          const breakOff = (): void => {
            isBrokenOff = true;
            resolve(later);
          };
          signal.addEventListener('abort', breakOff);
          if (signal.aborted) breakOff();
        }),
    },
  });
  const stop = new AbortController();
  const posting = outbox.post(transcript, stop.signal);
  while ((await lettersIn(folder.path)).length === 0) await clock.advance(0);
  stop.abort();
  await posting;
  isBrokenOff = false;
  const flushing = outbox.flush(10_000, never);
  while (sent.length < 2) await clock.advance(0);
  await clock.advance(9000);
  assert.not(isBrokenOff);
  await clock.advance(1000);
  assert.is(await flushing, 1);
  assert.ok(isBrokenOff);
});

run.run();
