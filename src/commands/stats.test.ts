import { mkdir, open, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { packageFolder } from '../package-folder.ts';
import { type ChildEnd, runChild } from '../run-child.ts';
import { openRecords } from '../worker/records/open-records.ts';
import type { TaskEndEvent } from '../worker/worker-event.ts';

const run = suite('stt stats');

function sttStats(folder: TemporaryFolder, args: string[] = [], env: Record<string, string> = {}): Promise<ChildEnd> {
  return runChild({
    file: process.execPath,
    args: [`${packageFolder}/bin/stt.js`, 'stats', ...args],
    cwd: folder.path,
    env: { STT_DATA_DIR: folder.path, TZ: 'Europe/Berlin', ...env },
    timeoutMs: 90_000,
    stdoutLimitBytes: 1_000_000,
  });
}

const about = { task: 'a', language: 'en', takenSeconds: 4 } as const;
const done = { ...about, event: 'transcribed', outcome: 'ok', delivery: 'accepted', audioSeconds: 3600 } as const;

async function record(folder: TemporaryFolder, at: string, ...ends: TaskEndEvent[]): Promise<void> {
  const records = openRecords({
    folder: folder.join('worker', 'records'),
    processedCsv: folder.join('worker', 'processed.csv'),
    clock: { now: () => Date.parse(at) },
    report: (event) => assert.unreachable(JSON.stringify(event)),
  });
  for (const end of ends) records.note(end);
  await records.close();
}

async function someRecords(folder: TemporaryFolder): Promise<void> {
  await record(folder, '2026-01-05T10:00:00Z', { ...done, engineSeconds: 360 });
  await record(
    folder,
    '2026-02-28T23:30:00Z',
    { ...done, outcome: 'no_speech', engineSeconds: 40 },
    { ...about, event: 'failed', phase: 'decode', fault: 'recording', reason: 'no audio in \u001b[31m12 s' },
  );
}

run('says so where there is nothing', async () => {
  await using folder = await temporaryFolder();
  const end = await sttStats(folder);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(end.stdout, 'No tasks yet');
  const { exitCode, stdout } = await sttStats(folder, ['--json', '--days', '3']);
  assert.is(exitCode, 0);
  const stats = JSON.parse(stdout) as Record<string, unknown>;
  assert.is(stats['tasks'], 0);
  assert.equal(stats['days'], []);
});

run('is a table for people, and nothing in a reason steers the terminal', async () => {
  await using folder = await temporaryFolder();
  await someRecords(folder);
  const { exitCode, stdout, outputTail } = await sttStats(folder);
  assert.is(exitCode, 0, outputTail);
  assert.is(
    stdout,
    `DAY         TRANSCRIBED  AUDIO h  ENGINE h  x REAL TIME  NO SPEECH  SUSPECT  FAILED  LEASE LOST  HANDED BACK
2026-01-05            1     1.00      0.10         10.0          0        0       0           0            0
2026-03-01            1     1.00      0.01         90.0          1        0       1           0            0
all                   2     2.00      0.11         18.0          1        0       1           0            0

Why tasks failed (whose fault, and the reason)
1  recording  no audio in [NmN s
`,
  );
});

run('counts from a day on, for scripts', async () => {
  await using folder = await temporaryFolder();
  await someRecords(folder);
  const stats = async (
    ...args: string[]
  ): Promise<{ tasks: number; since: string | null; days: { day: string }[] }> => {
    const end = await sttStats(folder, ['--json', ...args]);
    assert.is(end.exitCode, 0, end.outputTail);
    return JSON.parse(end.stdout) as Awaited<ReturnType<typeof stats>>;
  };
  const all = await stats();
  assert.is(all.since, null);
  assert.is(all.tasks, 3);
  const march = await stats('--since', '2026-03-01');
  assert.is(march.since, '2026-02-28T23:00:00.000Z');
  assert.equal(
    march.days.map(({ day }) => day),
    ['2026-03-01'],
  );
  assert.is((await stats('--since', '2026-03-01T00:31')).tasks, 0);
  assert.is((await stats('--since', '2999-01-01')).tasks, 0);
});

run('wrong dates and numbers end with 2, and say what is wanted', async () => {
  await using folder = await temporaryFolder();
  const wrong: [string[], RegExp][] = [
    [['--since', '2026-02-30'], /not a date/u],
    [['--days', '0'], /--days|0/u],
    [['--days', 'x'], /x/u],
    [['--days', '3', '--since', '2026-01-01'], /--since/u],
  ];
  for (const [args, said] of wrong) {
    const end = await sttStats(folder, args);
    assert.is(end.exitCode, 2, args.join(' '));
    assert.match(end.outputTail, said);
  }
});

run('damaged lines are counted and told, and are never fatal', async () => {
  await using folder = await temporaryFolder();
  await someRecords(folder);
  const file = folder.join('worker', 'records', '2026-01.jsonl');
  const damage = [
    '{"time":"2026-01-05T1',
    'null',
    '[]',
    '{"time":"never","event":"failed"}',
    '{"time":"2026-01-05T10:00:00Z","event":"transcribed","audioSeconds":"many"}',
    '{"time":"2026-01-05T10:00:00Z","event":"transcribed","audioSeconds":-5}',
    '{"time":"2026-01-05T10:00:00Z","event":"of tomorrow"}',
    '{"time":"2026-01-05T10:00:00Z","event":"__proto__"}',
    '\u0000\u0000\u0000',
    'x'.repeat(300_000),
    '',
  ];
  await writeFile(file, damage.join('\n'), { flag: 'a' });
  await mkdir(folder.join('worker', 'records', '2026-03.jsonl'));
  await writeFile(folder.join('worker', 'records', 'notes.txt'), 'not ours');
  const { exitCode, outputTail } = await sttStats(folder);
  assert.is(exitCode, 0, outputTail);
  assert.match(outputTail, '10 damaged line(s)');
  const json = JSON.parse((await sttStats(folder, ['--json'])).stdout) as { tasks: number; badLines: number };
  assert.equal([json.tasks, json.badLines], [3, 10]);
});

run('records that cannot be read are an error with a reason', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('worker'));
  await writeFile(folder.join('worker', 'records'), '');
  const end = await sttStats(folder);
  assert.is(end.exitCode, 66, end.outputTail);
  assert.match(end.outputTail, /cannot be read: ENOTDIR/u);
});

run('a year of work takes seconds, and no more memory than a day', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('worker', 'records'), { recursive: true });
  const lines = 200_000;
  {
    await using file = await open(folder.join('worker', 'records', '2026-01.jsonl'), 'w');
    const startMs = Date.UTC(2026, 0, 1);
    const filler = 'because '.repeat(40);
    for (let from = 0; from < lines; from += 1000) {
      const some = Array.from({ length: 1000 }, (_, index) => {
        const time = new Date(startMs + (from + index) * 150_000).toISOString();
        return index % 10 === 0
          ? { time, event: 'failed', fault: 'recording', phase: 'decode', reason: `${filler}${from + index}` }
          : { time, event: 'transcribed', outcome: 'ok', audioSeconds: 36, engineSeconds: 4, takenSeconds: 5 };
      });
      await file.write(some.map((line) => `${JSON.stringify({ ...line, task: 'a'.repeat(32) })}\n`).join(''));
    }
  }
  const startedAt = performance.now();
  const end = await sttStats(folder, ['--json'], { NODE_OPTIONS: '--max-old-space-size=40' });
  const seconds = (performance.now() - startedAt) / 1000;
  assert.is(end.exitCode, 0, end.outputTail);
  const stats = JSON.parse(end.stdout) as { tasks: number; failed: number; audioSeconds: number; days: unknown[] };
  assert.equal([stats.tasks, stats.failed, stats.audioSeconds], [lines, lines / 10, lines * 0.9 * 36]);
  assert.is(stats.days.length, 348);
  assert.ok(seconds < 60, `${seconds} s`);
});

run.run();
