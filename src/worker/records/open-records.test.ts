import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakeClock, fakeClock } from '../../../test/support/fake-clock.ts';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { runChild } from '../../run-child.ts';
import type { TaskEndEvent, WorkerEvent } from '../worker-event.ts';
import { openRecords, type Records } from './open-records.ts';
import { readStats } from './read-stats.ts';

const run = suite('openRecords');

const about = { task: 'a', language: 'en', takenSeconds: 4 } as const;
const done = {
  ...about,
  event: 'transcribed',
  outcome: 'ok',
  delivery: 'accepted',
  audioSeconds: 90,
  engineSeconds: 3,
} as const;
const failed = { ...about, event: 'failed', phase: 'decode', fault: 'recording', reason: 'no audio' } as const;
const started = {
  event: 'started',
  worker: 'pc',
  server: 'http://server:8000',
  model: 'medium',
  engine: '/whisper-cli',
  slots: 1,
  threads: 4,
  vad: false,
  demoModel: false,
} as const;

type Desk = { records: Records; told: WorkerEvent[]; clock: FakeClock; folder: string; csv: string };

function desk(place: TemporaryFolder, clock = fakeClock()): Desk {
  const told: WorkerEvent[] = [];
  const folder = place.join('worker', 'records');
  const csv = place.join('worker', 'processed.csv');
  const records = openRecords({ folder, processedCsv: csv, clock, report: (event) => told.push(event) });
  return { records, told, clock, folder, csv };
}

async function written(file: string): Promise<unknown[]> {
  return (await readFile(file, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}

run("processed.csv has the ancestor's columns, and a line for each task that came to an end here", async () => {
  await using place = await temporaryFolder();
  const { records, csv, told } = desk(place);
  const ends: TaskEndEvent[] = [
    done,
    { ...done, outcome: 'no_speech', language: 'de' },
    { ...failed, takenSeconds: 1, reason: 'It is "empty", really.' },
    { ...about, takenSeconds: 1, event: 'lease_lost', reason: 'too late' },
    { ...about, takenSeconds: 1, event: 'handed_back', accepted: true, reason: 'the worker stops' },
  ];
  for (const end of ends) records.note(end);
  await records.close();
  assert.is(
    await readFile(csv, 'utf8'),
    `file_id,language,time_taken,audio_minutes,status,reason
a,en,4.00,1.50,success,
a,de,4.00,1.50,success,no speech
a,en,1.00,0,failure,"It is ""empty"", really."
a,en,1.00,0,failure,lease lost: too late
`,
  );
  assert.equal(told, []);
});

run('the records say what was done, by whom and with what, in a file for each month of UTC', async () => {
  await using place = await temporaryFolder();
  const clock = fakeClock(Date.UTC(2026, 0, 31, 23, 59, 59));
  const { records, folder } = desk(place, clock);
  records.note(started);
  records.note({ event: 'claimed', task: 'a', language: 'en' });
  records.note(done);
  await clock.advance(2000);
  records.note({ ...failed, reason: 'long '.repeat(1000) });
  records.note({ ...about, event: 'handed_back', accepted: false, reason: 'broken', fault: 'machine' });
  await records.close();

  assert.equal((await readdir(folder)).toSorted(), ['2026-01.jsonl', '2026-02.jsonl']);
  const common = { task: 'a', takenSeconds: 4, language: 'en', model: 'medium', worker: 'pc' };
  assert.equal(await written(`${folder}/2026-01.jsonl`), [
    {
      time: '2026-01-31T23:59:59.000Z',
      event: 'transcribed',
      outcome: 'ok',
      audioSeconds: 90,
      engineSeconds: 3,
      ...common,
    },
  ]);
  const time = '2026-02-01T00:00:01.000Z';
  assert.equal(await written(`${folder}/2026-02.jsonl`), [
    {
      time,
      event: 'failed',
      fault: 'recording',
      phase: 'decode',
      reason: 'long '.repeat(100),
      ...common,
    },
    { time, event: 'handed_back', fault: 'machine', reason: 'broken', ...common },
  ]);
});

run('a password in a reason is not written', async () => {
  await using place = await temporaryFolder();
  const { records, folder, csv } = desk(place);
  records.note({ ...failed, reason: 'got 500 from http://me:secret@server/task' });
  await records.close();
  for (const file of [csv, `${folder}/2026-01.jsonl`]) assert.not.match(await readFile(file, 'utf8'), 'secret');
});

run('what a crash cut off does not glue to the next line, and is passed over', async () => {
  await using place = await temporaryFolder();
  const { records, folder, csv } = desk(place);
  const file = `${folder}/2026-01.jsonl`;
  records.note(done);
  await records.close();
  const whole = await readFile(file, 'utf8');
  for (const cutAt of [whole.length - 1, 40, 1]) {
    await writeFile(file, whole + whole);
    await truncate(file, whole.length + cutAt);
    await truncate(csv, (await readFile(csv)).byteLength - 1);
    records.note(done);
    await records.close();
    const { transcribed, badLines } = await readStats(folder, undefined);
    // Where only the end of the line is missing, nothing is lost.
    const isWhole = cutAt === whole.length - 1;
    assert.is(transcribed, isWhole ? 3 : 2, `cut at ${cutAt}`);
    assert.is(badLines, isWhole ? 0 : 1, `cut at ${cutAt}`);
  }
  assert.is((await readFile(csv, 'utf8')).split('\n').filter((line) => line === 'a,en,4.00,1.50,success,').length, 4);
});

run('a disk that cannot be written is told once in ten minutes, and the rest is written when it can be', async () => {
  await using place = await temporaryFolder();
  await writeFile(place.join('worker'), 'a file in the place of the folder');
  const { records, told, clock, folder, csv } = desk(place);
  const note = async (): Promise<void> => {
    records.note(done);
    await records.close();
  };
  await note();
  await note();
  await clock.advance(9 * 60_000);
  await note();
  assert.is(told.length, 1);
  assert.match(told[0]?.event === 'warning' ? told[0].message : '', /cannot be written: ENOTDIR/u);
  await clock.advance(2 * 60_000);
  await note();
  assert.is(told.length, 2);

  await runChild({ file: 'rm', args: [place.join('worker')] });
  await note();
  assert.is(told.length, 2);
  assert.is((await written(`${folder}/2026-01.jsonl`)).length, 1);
  assert.match(await readFile(csv, 'utf8'), /^file_id/u);
});

run('one of the two files that fails does not cost the other', async () => {
  await using place = await temporaryFolder();
  const { records, told, folder, csv } = desk(place);
  await mkdir(csv, { recursive: true });
  records.note(done);
  await records.close();
  assert.is(told.length, 1);
  assert.is((await written(`${folder}/2026-01.jsonl`)).length, 1);
});

run('a full disk is told, and leaves no half line', async () => {
  await using place = await temporaryFolder();
  const { records, csv } = desk(place);
  records.note(done);
  await records.close();
  // A limit on the size of files cuts a write as a full disk does.
  const before = await readFile(csv, 'utf8');
  const program = `
    import { appendLine } from '${import.meta.dirname}/append-line.ts';
    process.on('SIGXFSZ', () => {});
    await appendLine('${csv}', 'x'.repeat(4000) + '\\n').catch((error) => console.log('told: ' + error.message));`;
  const end = await runChild({
    file: 'sh',
    args: ['-c', 'ulimit -f 2; exec "$0" --input-type=module -e "$1"', process.execPath, program],
    stdoutLimitBytes: 10_000,
  });
  assert.is(end.stdout, 'told: the disk is full\n', end.outputTail);
  assert.is(await readFile(csv, 'utf8'), before);
});

run('two workers share a folder, and every line is whole', async () => {
  await using place = await temporaryFolder();
  const program = `
    import { openRecords } from '${import.meta.dirname}/open-records.ts';
    const [folder, worker] = process.argv.slice(1);
    const records = openRecords({ folder, processedCsv: folder + '.csv', clock: { now: () => 0 }, report: console.log });
    records.note({ ...${JSON.stringify(started)}, worker });
    for (let n = 0; n < 300; n += 1) records.note({ ...${JSON.stringify(failed)}, reason: 'y'.repeat(n) });
    await records.close();`;
  const folder = place.join('records');
  const ends = await Promise.all(
    ['one', 'two', 'three'].map((name) =>
      runChild({ file: process.execPath, args: ['--input-type=module', '-e', program, folder, name] }),
    ),
  );
  for (const end of ends) assert.is(end.outputTail, '');
  const workers = (await written(`${folder}/1970-01.jsonl`)).map((line) => (line as { worker: string }).worker);
  for (const name of ['one', 'two', 'three']) assert.is(workers.filter((worker) => worker === name).length, 300);
});

run.run();
