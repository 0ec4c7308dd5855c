import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogger } from '../../src/logger.ts';
import { type Place, Storage } from './storage.ts';

const run = suite('storage');

const logger = createLogger({ level: 'silent' });
const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

function make() {
  const broken = new Set<Place>();
  let now = 0;
  let probes = 0;
  const probe = (place: Place) => async (): Promise<void> => {
    probes += 1;
    if (broken.has(place)) throw full;
  };
  const storage = new Storage({
    probes: { library: probe('library'), database: probe('database') },
    logger,
    elapsed: () => now,
  });
  return {
    storage,
    broken,
    probes: () => probes,
    async pass(ms: number) {
      now += ms;
      storage.objection();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

run('objects from a failure on until a small write succeeds, trying once a second and only when asked', async () => {
  const { storage, broken, probes, pass } = make();
  assert.is(storage.objection(), undefined);
  broken.add('library');
  storage.libraryFailed(full);
  assert.match(storage.objection() ?? '', /transcripts cannot be written .*no space left/u);
  await pass(999);
  assert.is(probes(), 0);
  await pass(1);
  await pass(500);
  assert.is(probes(), 1);
  assert.ok(storage.objection());
  broken.clear();
  await pass(1000);
  assert.is(storage.objection(), undefined);
  assert.is(probes(), 2);
});

run('ends at once where something was stored, and keeps the two places apart', async () => {
  const { storage } = make();
  storage.libraryFailed(full);
  storage.databaseFailed(new Error('database or disk is full'));
  storage.works('library');
  assert.is(storage.objection(), 'the task database cannot be written: database or disk is full');
  storage.works('database');
  assert.is(storage.objection(), undefined);
});

run('takes a folder that may not be written for no trouble of the disk', () => {
  const { storage } = make();
  storage.libraryFailed(Object.assign(new Error('permission denied'), { code: 'EACCES' }));
  assert.is(storage.objection(), undefined);
});

run.run();
