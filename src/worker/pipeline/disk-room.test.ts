import { rm, stat, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { canMount, smallDisk } from '../../../test/support/small-disk.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { WorkerEvent } from '../worker-event.ts';
import { waitForDiskRoom } from './disk-room.ts';
import { createNotifier } from './notifier.ts';

const run = suite('waitForDiskRoom');

function desk(folder: string, more: { isPatient?: boolean; isAhead?: boolean; isAlone?: boolean } = {}) {
  const events: WorkerEvent[] = [];
  const changes = createNotifier();
  const clock = fakeClock();
  const end = new AbortController();
  const { isPatient = true, isAhead = false, isAlone = true } = more;
  const waiting = waitForDiskRoom({
    folder,
    isAhead: () => isAhead,
    isAlone: () => isAlone,
    isPatient,
    changes,
    clock,
    report: (event) => events.push(event),
    signal: end.signal,
  });
  waiting.catch(() => {});
  return { waiting, events, changes, clock, end };
}

run('takes a folder that is gone for one to be made', async () => {
  await using folder = await temporaryFolder();
  const work = folder.join('work');
  await desk(work).waiting;
  await rm(work, { recursive: true });
  await desk(work, { isPatient: false }).waiting;
  assert.ok((await stat(work)).isDirectory());
});

run('waits where a folder cannot be looked at, or says so and ends', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('file'), '');
  const error = await rejects(
    desk(folder.join('file', 'work'), { isPatient: false }).waiting,
    /cannot be used: ENOTDIR/u,
  );
  assert.is(error['code'], 'STT_WORK_FOLDER');
  const { waiting, clock, events, end } = desk(folder.join('file', 'work'));
  while (events.length === 0) await clock.advance(0);
  assert.match(JSON.stringify(events), 'No task is taken until there is more');
  end.abort();
  await waiting;
});

run('waits for room, looks again after each change, and tells it once', async () => {
  await using folder = await temporaryFolder();
  if (!(await canMount(folder.path))) return;
  // Less than a recording needs.
  await using small = await smallDisk(folder.join('small'), 32 * 1024 ** 2);
  const full = await rejects(desk(small.path, { isPatient: false }).waiting, /Only 32 MiB are free/u);
  assert.is(full['code'], 'STT_DISK_FULL');
  // Another task in hand will give some back.
  const { waiting, events, changes, clock, end } = desk(small.path, { isPatient: false, isAlone: false });
  while (events.length === 0) await clock.advance(0);
  changes.notify();
  await clock.advance(60_000);
  assert.is(events.length, 1);
  end.abort();
  await waiting;
  // Enough for one, too little to claim another one ahead.
  await using middle = await smallDisk(folder.join('middle'), 128 * 1024 ** 2);
  await desk(middle.path).waiting;
  const ahead = desk(middle.path, { isAhead: true });
  let isOver = false;
  void ahead.waiting.then(() => (isOver = true));
  await clock.advance(0);
  assert.not(isOver);
  ahead.end.abort();
  await ahead.waiting;
  assert.equal(ahead.events, []);
});

run.run();
