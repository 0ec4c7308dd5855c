import { mkdir, readFile, rmdir, unlink } from 'node:fs/promises';
import { pino } from 'pino';
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

run('writes what comes together at once, in order, and begins anew where somebody took the file away', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('processed.csv');
  const processed = new ProcessedCsv({ file, libraryRoot: '/library', logger });
  const add = (from: number, to: number): Promise<void[]> =>
    Promise.all(
      Array.from({ length: to - from }, (_, index) =>
        processed.add({ ...lease, leaseId: `${from + index}` }, '::1', 0),
      ),
    );
  const ids = async (): Promise<string[]> =>
    (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => line.split(',')[1] ?? '');
  await add(0, 100);
  assert.equal(await ids(), ['fileid', ...Array.from({ length: 100 }, (_, index) => `${index}`)]);
  await unlink(file);
  await add(100, 102);
  assert.equal(await ids(), ['fileid', '100', '101']);
});

run('says once that it cannot be written, and once that it can again', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('processed.csv');
  const said: string[] = [];
  const listener = pino(
    { level: 'info' },
    { write: (line: string) => said.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const processed = new ProcessedCsv({ file, libraryRoot: '/library', logger: listener });
  await mkdir(file);
  for (let round = 0; round < 3; round += 1) await processed.add(lease, '::1', 0);
  assert.is(said.length, 1);
  await rmdir(file);
  for (let round = 0; round < 3; round += 1) await processed.add(lease, '::1', 0);
  assert.is(said.length, 2);
  assert.is((await readFile(file, 'utf8')).split('\n').length, 5);
});

run.run();
