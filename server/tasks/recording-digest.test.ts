import { createHash } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { Library } from '../library/library.ts';
import type { OpenRecording } from '../library/opened-recording.ts';
import type { LibraryChange } from '../queue/task-catalogue.ts';
import type { Lease } from '../queue/task-queue.ts';
import { RecordingDigests } from './recording-digest.ts';

const run = suite('RecordingDigests');

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const large = Buffer.alloc(8 * 1024 * 1024, 'audio');

async function given(bytes: Uint8Array, isStoreLocked = false) {
  const folder = await temporaryFolder();
  await writeFile(folder.join('a.mp3'), bytes);
  const library = await Library.start({
    root: folder.path,
    transcriptPattern: '{stem}.vtt',
    onFailure: (error) => {
      throw error;
    },
  });
  const opened: OpenRecording[] = [];
  const open = async (): Promise<OpenRecording> => {
    const found = await library.open('a.mp3');
    if (found.kind !== 'open') throw new Error(found.reason);
    opened.push(found.recording);
    return found.recording;
  };
  const clock = fakeClock(0);
  const renewedAt: number[] = [];
  const noted: LibraryChange[][] = [];
  const locked = async (): Promise<never> => {
    throw new Error('database is locked');
  };
  const digests = new RecordingDigests({
    queue: {
      renew: isStoreLocked
        ? locked
        : async (_, now) => {
            renewedAt.push(now);
            return true;
          },
    },
    catalogue: {
      apply: isStoreLocked
        ? locked
        : async (changes) => {
            noted.push([...changes]);
            return [...changes];
          },
    },
    clock,
    logger: pino({ level: 'silent' }),
  });
  const recording = await open();
  const lease: Lease = {
    leaseId: 'x',
    credential: undefined,
    worker: { name: 'w', ip: '::1', protocol: 2, credential: undefined },
    taskId: 1,
    path: 'a.mp3',
    language: 'en',
    fingerprint: recording.fingerprint,
    recordingSha256: undefined,
    epoch: 1,
    termMs: 90_000,
    grantedAt: 0,
    outcome: undefined,
    transcriptSha256: undefined,
    taskState: 'leased',
  };
  return {
    file: folder.join('a.mp3'),
    digests,
    lease,
    recording,
    open,
    clock,
    renewedAt,
    noted,
    async [Symbol.asyncDispose]() {
      for (const one of opened) await one[Symbol.asyncDispose]();
      await library.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const never = (): AbortSignal => new AbortController().signal;

run('keeps the lease alive while a large recording is read, and notes what it learned', async () => {
  await using it = await given(large);
  const digest = it.digests.of(it.lease, it.recording, never());
  await it.clock.advance(30_000);
  assert.equal(await digest, { kind: 'known', sha256: sha256(large) });
  assert.equal(it.renewedAt, [30_000]);
  it.digests.flush();
  const { fingerprint } = it.recording;
  assert.equal(it.noted, [[{ kind: 'digest', path: 'a.mp3', fingerprint, sha256: sha256(large) }]]);
  await it.clock.advance(30_000);
  assert.is(it.renewedAt.length, 1);
});

run('knows the digest of a small recording at once, and notes it once', async () => {
  await using it = await given(Buffer.from('audio'));
  const digest = sha256(Buffer.from('audio'));
  assert.is(it.digests.known(it.lease, it.recording), digest);
  assert.is(it.digests.known({ ...it.lease, recordingSha256: digest }, it.recording), digest);
  assert.is(it.noted.length, 0);
  // Where nothing else goes to the store in this turn.
  await eventually(() => it.noted.length > 0, 'it is noted');
  assert.is(it.noted.flat().length, 1);
});

run('notes what is learned together in one call', async () => {
  await using it = await given(Buffer.from('audio'));
  for (const path of ['a.mp3', 'b.mp3', 'c.mp3']) it.digests.known({ ...it.lease, path }, it.recording);
  await eventually(() => it.noted.length > 0, 'it is noted');
  assert.equal(
    it.noted.map((changes) => changes.length),
    [3],
  );
});

run('does not blame the recording for a database that is locked', async () => {
  await using it = await given(large, true);
  const digest = it.digests.of(it.lease, it.recording, never());
  await it.clock.advance(30_000);
  assert.equal(await digest, { kind: 'known', sha256: sha256(large) });
});

run('gives no digest of a recording that changes while it is read', async () => {
  await using it = await given(large);
  await appendFile(it.file, 'more');
  const changed = { kind: 'unreadable', reason: 'it changed while it was read' };
  assert.equal(await it.digests.of(it.lease, it.recording, never()), changed);
  it.digests.flush();
  assert.equal(it.noted, []);
});

run('stops reading when the worker hangs up', async () => {
  await using it = await given(large);
  const hangUp = new AbortController();
  const digest = it.digests.of(it.lease, it.recording, hangUp.signal);
  hangUp.abort();
  assert.equal(await digest, { kind: 'gone' });
  it.digests.flush();
  assert.equal(it.noted, []);
});

run('reads a recording once for all who want its digest at the same time', async () => {
  await using it = await given(large);
  const [one, other] = [
    it.digests.of(it.lease, it.recording, never()),
    it.digests.of(it.lease, await it.open(), never()),
  ];
  assert.equal(await Promise.all([one, other]), [
    { kind: 'known', sha256: sha256(large) },
    { kind: 'known', sha256: sha256(large) },
  ]);
  it.digests.flush();
  assert.is(it.noted.length, 1);
});

run('begins anew where the one who read it hung up', async () => {
  await using it = await given(large);
  const hangUp = new AbortController();
  const one = it.digests.of(it.lease, it.recording, hangUp.signal);
  const other = it.digests.of(it.lease, await it.open(), never());
  hangUp.abort();
  assert.equal(await one, { kind: 'gone' });
  assert.equal(await other, { kind: 'known', sha256: sha256(large) });
});

run.run();
