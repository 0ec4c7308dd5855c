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
    objectionAfter: (ms: number): Promise<string | undefined> => {
      now += ms;
      return storage.objection();
    },
  };
}

run('objects from a failure on until a small write succeeds, tried once a second and only when asked', async () => {
  const { storage, broken, probes, objectionAfter } = make();
  assert.is(await objectionAfter(0), undefined);
  broken.add('library');
  storage.libraryFailed(full);
  assert.match((await objectionAfter(0)) ?? '', /transcripts cannot be written .*no space left/u);
  assert.is(probes(), 1);
  broken.clear();
  assert.ok(await objectionAfter(999));
  assert.is(probes(), 1);
  assert.is(await objectionAfter(1), undefined);
  assert.is(probes(), 2);
});

run('waits for no disk that hangs', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const storage = new Storage({ probes: { library: () => promise, database: () => promise }, logger });
  storage.libraryFailed(full);
  assert.ok(await storage.objection());
  assert.ok(await storage.objection());
  resolve();
  assert.is(await storage.objection(), undefined);
});

run('ends at once where something was stored, and keeps the two places apart', async () => {
  const { storage, broken } = make();
  broken.add('library').add('database');
  storage.libraryFailed(full);
  storage.databaseFailed(new Error('no space left on device'));
  storage.works('library');
  assert.is(await storage.objection(), 'the task database cannot be written: no space left on device');
  storage.works('database');
  assert.is(await storage.objection(), undefined);
});

run('takes a folder that may not be written for no trouble of the disk', async () => {
  const { storage } = make();
  storage.libraryFailed(Object.assign(new Error('permission denied'), { code: 'EACCES' }));
  assert.is(await storage.objection(), undefined);
});

run.run();
