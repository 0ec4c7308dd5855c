import { mkdir, stat, writeFile } from 'node:fs/promises';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { Library } from '../library/library.ts';
import { proveRoom } from '../library/prove-room.ts';
import { fingerprintOf } from '../library/open-recording.ts';
import { Metrics } from '../metrics/metrics.ts';
import { openStore } from '../queue/open-store.ts';
import type { Worker } from '../queue/task-queue.ts';
import { Bell } from './bell.ts';
import { Claims } from './claims.ts';
import { Leases } from './leases.ts';
import { ProcessedCsv } from './processed-csv.ts';
import { Readiness } from './readiness.ts';
import { Storage } from './storage.ts';

const run = suite('Claims');

const worker: Worker = { name: 'w', ip: '::1', protocol: 2, credential: undefined };
const never = (): AbortSignal => new AbortController().signal;

/** The real store and library, without HTTP. */
async function given(names: readonly string[]) {
  const folder = await temporaryFolder();
  const root = folder.join('library');
  await mkdir(root);
  const onFailure = (error: Error): void => {
    throw error;
  };
  const database = await openStore({
    file: folder.join('tasks.sqlite'),
    policy: { maxAttempts: 1, order: 'oldest' },
    onFailure,
  });
  const { store } = database;
  const library = await Library.start({ root, transcriptPattern: '{stem}.vtt', onFailure });
  for (const path of names) {
    await writeFile(folder.join('library', path), path);
    const found = await stat(folder.join('library', path), { bigint: true });
    const fingerprint = fingerprintOf(found);
    await store.apply([{ kind: 'add', path, fingerprint, sizeBytes: Number(found.size), language: 'en' }], 0);
  }
  const clock = fakeClock();
  const logger = pino({ level: 'silent' });
  const bell = new Bell(clock);
  const probes = { library: () => proveRoom(root), database: () => store.proveWritable() };
  const storage = new Storage({ probes, logger });
  const readiness = new Readiness(library, store, storage);
  const processed = new ProcessedCsv({ file: folder.join('processed.csv'), libraryRoot: root, logger });
  const metrics = new Metrics(clock);
  const shared = { queue: store, catalogue: store, desk: store, library, readiness, storage, bell, processed, metrics };
  const leases = new Leases({ ...shared, sweepMs: 15_000, clock, logger });
  const claims = new Claims({ ...shared, leases, leaseMs: 90_000, legacyLeaseMs: 1e7, clock, logger });
  return {
    store,
    library,
    readiness,
    bell,
    claims,
    async [Symbol.asyncDispose]() {
      await library.close();
      await database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

run('hands out what it has before the first scan has ended, and says no sooner that there is none', async () => {
  await using it = await given(['a.mp3']);
  assert.is((await it.claims.claim(worker, 0, never())).kind, 'granted');
  const refused = await it.claims.claim(worker, 0, never());
  assert.is(refused.kind === 'refused' && refused.code, 'not_ready');
  it.readiness.scanned();
  assert.is((await it.claims.claim(worker, 0, never())).kind, 'none');
});

run('does not count it against a recording that the server cannot open anything', async () => {
  await using it = await given(['a.mp3']);
  await it.library.close();
  const refused = await it.claims.claim(worker, 0, never());
  assert.is(refused.kind === 'refused' && refused.code, 'not_ready');
  const [task] = await it.store.list({}, { after: 0, limit: 1 });
  assert.equal([task?.state, task?.attempts], ['pending', 0]);
});

run('takes the task back from a worker that hangs up while its recording is opened', async () => {
  await using it = await given(['a.mp3']);
  const hangUp = new AbortController();
  const claim = it.claims.claim(worker, 60_000, hangUp.signal);
  while ((await it.store.figures()).liveLeases === 0) await new Promise((resolve) => setImmediate(resolve));
  hangUp.abort();
  // Its answer may have been ready a moment earlier; then it is for HTTP to notice.
  const outcome = await claim;
  if (outcome.kind === 'granted') await it.claims.downloadBroke(outcome.lease, false);
  const [task] = await it.store.list({}, { after: 0, limit: 1 });
  assert.equal([task?.state, task?.attempts, it.bell.waiting], ['pending', 0, 0]);
});

run('grants recordings of one stem one after the other', async () => {
  await using it = await given(['a.mp3', 'a.wav', 'a.b.mp3', 'ab.mp3']);
  it.readiness.scanned();
  const paths: (string | undefined)[] = [];
  for (let round = 0; round < 4; round += 1) {
    const outcome = await it.claims.claim(worker, 0, never());
    paths.push(outcome.kind === 'granted' ? outcome.lease.path : undefined);
  }
  assert.equal(paths, ['a.mp3', 'a.b.mp3', 'ab.mp3', undefined]);
  const tasks = await it.store.list({ pathPart: 'a.wav' }, { after: 0, limit: 1 });
  assert.equal([tasks[0]?.state, tasks[0]?.isOffered], ['pending', false]);
});

run('grants one of two that are asked for at the same time, or none until the next scan', async () => {
  await using it = await given(['a.mp3', 'a.wav']);
  it.readiness.scanned();
  const outcomes = await Promise.all([it.claims.claim(worker, 0, never()), it.claims.claim(worker, 0, never())]);
  assert.is(outcomes.filter(({ kind }) => kind === 'granted').length, 1);
});

run.run();
