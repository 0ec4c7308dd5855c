import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { dailyLogFile, dailyLogName } from './daily-log-file.ts';

const daily = suite('dailyLogFile');

daily('names the file by the local date', () => {
  assert.is(dailyLogName(new Date(2026, 0, 5, 23, 59)), '2026-01-05.log');
});

daily('begins a new file with a new day', async () => {
  await using folder = await temporaryFolder();
  let now = new Date(2026, 0, 5, 23, 59);
  const file = dailyLogFile(folder.path, () => now, assert.unreachable);
  file.write('one\n');
  now = new Date(2026, 0, 6, 0, 1);
  file.write('two\n');
  assert.equal((await readdir(folder.path)).toSorted(), ['2026-01-05.log', '2026-01-06.log']);
  assert.is(await readFile(folder.join('2026-01-06.log'), 'utf8'), 'two\n');
});

daily('goes on when it can be written again, says how many lines are missing, and complains once', async () => {
  await using folder = await temporaryFolder();
  let now = new Date(2026, 0, 5, 12);
  const complaints: string[] = [];
  const file = dailyLogFile(
    folder.join('logs'),
    () => now,
    (text) => complaints.push(text),
  );
  await writeFile(folder.join('logs'), 'in the way');
  file.write('lost 1\n');
  file.write('lost 2\n');
  now = new Date(now.getTime() + 1500);
  file.write('lost 3\n');
  assert.is(complaints.length, 1);
  assert.match(complaints[0] ?? '', 'ENOTDIR');

  await rm(folder.join('logs'));
  await mkdir(folder.join('logs'));
  file.write('lost 4, the pause is not over\n');
  now = new Date(now.getTime() + 1500);
  file.write('back\n');
  file.write('again\n');
  const lines = (await readFile(folder.join('logs', '2026-01-05.log'), 'utf8')).trim().split('\n');
  assert.is((JSON.parse(lines[0] ?? '') as { lostLines: number }).lostLines, 4);
  assert.equal(lines.slice(1), ['back', 'again']);
});

daily.run();
