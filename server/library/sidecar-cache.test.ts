import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { SidecarCache } from './sidecar-cache.ts';

const run = suite('sidecars of the last scan');

run('reads a sidecar again only where it changed', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('a.json');
  const cache = new SidecarCache();
  const read = (now: number): unknown => {
    const sidecar = cache.read(file, 'a', statSync(file), now);
    cache.endReading();
    return [sidecar.kind === 'language' ? sidecar.language : sidecar.kind, cache.reads];
  };
  const minuteMs = 60_000;
  await writeFile(file, '{"language":"en"}');
  const now = Date.now();
  // It was written a moment ago: it may change once more within a tick of the file system's clock.
  assert.equal(
    [read(now), read(now)],
    [
      ['en', 1],
      ['en', 2],
    ],
  );
  assert.equal(
    [read(now + minuteMs), read(now + minuteMs)],
    [
      ['en', 3],
      ['en', 3],
    ],
  );
  await writeFile(file, '{"language":"fr"}');
  assert.equal(read(now + minuteMs), ['fr', 4]);
  await writeFile(file, 'half');
  assert.equal(
    [read(now + minuteMs), read(now + minuteMs)],
    [
      ['bad', 5],
      ['bad', 6],
    ],
  );
});

run.run();
