import { readFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogger } from '../../src/logger.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { Lease } from '../queue/task-queue.ts';
import { ProcessedCsv } from './processed-csv.ts';

const run = suite('processed.csv');

const logger = createLogger({ level: 'silent' });
const lease = { leaseId: 'x', path: 'a.mp3' } as Lease;

run('has one header, also when its first lines come together', async () => {
  await using folder = await temporaryFolder();
  const processed = new ProcessedCsv({ file: folder.join('processed.csv'), libraryRoot: '/library', logger });
  await Promise.all(Array.from({ length: 20 }, () => processed.add(lease, '::1', 0)));
  const lines = (await readFile(folder.join('processed.csv'), 'utf8')).trimEnd().split('\n');
  assert.is(lines.length, 21);
  assert.is(lines.filter((line) => line.startsWith('filepath')).length, 1);
  assert.is(lines[1], '/library/a.mp3,x,::1,1970-01-01T00:00:00.000Z,');
});

run('stops nothing when it cannot be written', async () => {
  await using folder = await temporaryFolder();
  await new ProcessedCsv({ file: folder.path, libraryRoot: '/library', logger }).add(lease, '::1', 0, 'broken');
});

run.run();
