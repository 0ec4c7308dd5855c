import { createHash } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { sha256Of } from '../library/library.ts';
import { openRecording } from '../library/open-recording.ts';
import { openDatabase } from '../queue/sqlite/open-database.ts';
import { SqliteTaskCatalogue } from '../queue/sqlite/sqlite-task-catalogue.ts';
import { SqliteTaskQueue } from '../queue/sqlite/sqlite-task-queue.ts';
import { digestOf } from './recording-digest.ts';

const run = suite('digestOf');

async function leaseOf(bytes: Uint8Array) {
  const folder = await temporaryFolder();
  await writeFile(folder.join('a.mp3'), bytes);
  const { db } = openDatabase(folder.join('tasks.sqlite'));
  const queue = new SqliteTaskQueue(db, { maxAttempts: 5, jitter: () => 1 });
  const opened = await openRecording(folder.path, 'a.mp3');
  if (opened.kind !== 'open') throw new Error(opened.reason);
  const { recording } = opened;
  const { fingerprint } = recording;
  await new SqliteTaskCatalogue(db).apply([{ kind: 'add', path: 'a.mp3', fingerprint, language: 'en' }], 0);
  const clock = fakeClock(0);
  const lease = await queue.claim({ leaseId: 'x', worker: { name: 'w', ip: '::1', protocol: 2 }, termMs: 90_000 }, 0);
  if (lease === undefined) throw new Error('no task');
  return {
    file: folder.join('a.mp3'),
    lease,
    recording,
    queue,
    clock,
    async [Symbol.asyncDispose]() {
      await recording[Symbol.asyncDispose]();
      db.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

run('keeps the lease alive while a large recording is read', async () => {
  const bytes = Buffer.alloc(8 * 1024 * 1024, 'audio');
  await using given = await leaseOf(bytes);
  const { queue, clock } = given;
  const digest = digestOf(given.lease, given.recording, { queue, clock, gone: new AbortController().signal });
  await clock.advance(80_000);
  assert.equal(await digest, { kind: 'known', sha256: createHash('sha256').update(bytes).digest('hex') });
  assert.equal((await queue.sweep(160_000)).expired, []);
});

run('gives no digest of a recording that changes while it is read', async () => {
  const bytes = Buffer.alloc(8 * 1024 * 1024, 'audio');
  await using given = await leaseOf(bytes);
  const { lease, recording, queue, clock } = given;
  const { signal } = new AbortController();
  await appendFile(given.file, 'more');
  assert.equal(await digestOf(lease, recording, { queue, clock, gone: signal }), {
    kind: 'unreadable',
    reason: 'it changed while it was read',
  });
  assert.is((await queue.find(lease.leaseId))?.recordingSha256, undefined);
  // What would be sent is what was there when it was opened.
  assert.is(await sha256Of(recording, signal), createHash('sha256').update(bytes).digest('hex'));
});

run('stops reading when the worker hangs up', async () => {
  await using given = await leaseOf(Buffer.alloc(8 * 1024 * 1024));
  const { queue, clock } = given;
  const hangUp = new AbortController();
  const digest = digestOf(given.lease, given.recording, { queue, clock, gone: hangUp.signal });
  hangUp.abort();
  assert.equal(await digest, { kind: 'gone' });
});

run.run();
