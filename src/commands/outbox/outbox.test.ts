// deadline: 110 s
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TemporaryFolder, temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { dataPaths } from '../../config/data-paths.ts';
import { packageFolder } from '../../package-folder.ts';
import { processStart } from '../../process-start.ts';
import { type ChildEnd, runChild } from '../../run-child.ts';
import {
  desk,
  endedRun,
  errorReport,
  giveTo,
  leaveBehind,
  lettersIn,
  never,
} from '../../worker/outbox/testing/outbox-desk.ts';
import { ownToken } from '../../worker/process-owner.ts';
import { type FakeServer, startFakeServer } from '../../worker/testing/fake-server.ts';

const run = suite('stt outbox');

const nobody = 'http://127.0.0.1:1';
const vtt = 'WEBVTT\n\n';

/** Runs the program itself in a folder of its own; no ffmpeg and no engine can be found. */
function stt(folder: TemporaryFolder, args: string[], serverUrl = nobody): Promise<ChildEnd> {
  return runChild({
    file: process.execPath,
    args: [`${packageFolder}/bin/stt.js`, ...args],
    cwd: folder.path,
    env: { STT_DATA_DIR: folder.join('data'), SERVER_URL: serverUrl, PATH: '/nowhere', NODE_NAME: 'tester' },
    stdoutLimitBytes: 1_000_000,
  });
}

async function outboxIn(folder: TemporaryFolder): Promise<TemporaryFolder> {
  const { outbox } = dataPaths(folder.join('data'));
  await mkdir(outbox, { recursive: true });
  return { ...folder, path: outbox, join: (...parts) => [outbox, ...parts].join('/') };
}

/** Letters of a worker that ended, which wait. */
async function waiting(outbox: TemporaryFolder, ...ids: string[]): Promise<void> {
  await leaveBehind(outbox, ...ids.map((id) => ({ kind: 'result', message: { id, vtt } }) as const));
}

async function refused(outbox: TemporaryFolder, id: string): Promise<void> {
  const { outbox: opened, answerWith } = await desk(outbox);
  answerWith({ kind: 'refused', reason: 'HTTP 409: lease lost' });
  await opened.post({ kind: 'result', message: { id, vtt } }, never);
}

function expect(server: FakeServer, ...ids: string[]): void {
  for (const id of ids) server.leases.set(id, { bytes: Buffer.alloc(0), language: 'en' });
}

const parse = ({ stdout }: ChildEnd): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;

run('list shows what waits and what was refused', async () => {
  await using folder = await temporaryFolder();
  const none = await stt(folder, ['outbox', 'list']);
  assert.equal([none.exitCode, none.stdout], [0, '']);
  assert.match(none.outputTail, 'There are none in');

  const outbox = await outboxIn(folder);
  await waiting(outbox, 'waits');
  await refused(outbox, 'late');
  const plain = await stt(folder, ['outbox', 'list']);
  assert.is(plain.exitCode, 0, plain.outputTail);
  const rows = plain.stdout.trim().split('\n');
  assert.match(rows[0] ?? '', /^waiting\twaits\tresult\t\d+\t\d+\tended\t\/.*\.json\t$/u);
  assert.match(rows[1] ?? '', /^refused\tlate\tresult\t\d+\t\d+\t-\t\/.*\.json\tHTTP 409: lease lost$/u);
  const document = parse(await stt(folder, ['outbox', 'list', '--json', '--refused']));
  assert.equal([document['refused'], (document['letters'] as object[]).length], [1, 1]);
  assert.is((document['letters'] as Record<string, unknown>[])[0]?.['reason'], 'HTTP 409: lease lost');
});

run('flush delivers what ended workers left, and ends with 0', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const outbox = await outboxIn(folder);
  await waiting(outbox, 'a', 'b');
  expect(server, 'a', 'b');
  const end = await stt(folder, ['outbox', 'flush'], server.url);
  assert.is(end.exitCode, 0, end.outputTail);
  assert.match(end.stdout, '2 of 2 delivered.');
  assert.is(server.calls[0]?.headers['x-stt-worker'], 'tester');
  const again = await stt(folder, ['outbox', 'flush', '--json'], server.url);
  assert.is(again.exitCode, 0);
  const { delivered, waiting: left } = parse(again);
  assert.equal([delivered, left], [0, 0]);
});

run('flush ends with 75 while the server is away, and with 65 where something was refused', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const outbox = await outboxIn(folder);
  await waiting(outbox, 'a', 'late');
  const away = await stt(folder, ['outbox', 'flush']);
  assert.is(away.exitCode, 75, away.outputTail);
  assert.match(away.stdout, /0 of 2 delivered, 2 still waiting: .*ECONNREFUSED/u);
  expect(server, 'a');
  const end = await stt(folder, ['outbox', 'flush', '--server', server.url]);
  assert.is(end.exitCode, 65, end.outputTail);
  assert.match(end.stdout, '1 of 2 delivered, 1 refused by the server, kept aside.');
  assert.match(end.outputTail, /The server refused the transcript of task late: HTTP 404: ID not found/u);
});

run('flush leaves the letters of a living worker to it, and says so with 75', async () => {
  await using folder = await temporaryFolder();
  await using server = await startFakeServer({ flavour: 'protocol 2' });
  const outbox = await outboxIn(folder);
  await waiting(outbox, 'mine');
  // The program that runs these tests plays the worker.
  await giveTo(outbox, ownToken.replace(/-\d+-\d+$/u, `-${process.pid}-${processStart(process.pid)}`), endedRun);
  const end = await stt(folder, ['outbox', 'flush'], server.url);
  assert.is(end.exitCode, 75, end.outputTail);
  assert.match(end.stdout, '1 of workers that run with this data folder');
  assert.equal([server.calls.length, (await lettersIn(outbox.path)).length], [0, 1]);
});

run('export writes files, nothing twice, and takes nothing away', async () => {
  await using folder = await temporaryFolder();
  const outbox = await outboxIn(folder);
  await waiting(outbox, 'a');
  await leaveBehind(outbox, errorReport);
  await refused(outbox, 'late');
  const dry = await stt(folder, ['outbox', 'export', 'out', '--all', '--dry-run']);
  assert.is(dry.exitCode, 0, dry.outputTail);
  assert.match(dry.outputTail, /3 would be written to .*out/u);
  assert.not((await readdir(folder.path)).includes('out'));
  await stt(folder, ['outbox', 'export', 'out']);
  assert.equal((await readdir(folder.join('out'))).toSorted(), ['a.vtt', 'b.error.txt']);
  const all = await stt(folder, ['outbox', 'export', 'out', '--all']);
  assert.is(all.stdout, `${folder.join('out', 'late.vtt')}\n`);
  assert.match(all.outputTail, '1 written');
  assert.is(await readFile(folder.join('out', 'late.vtt'), 'utf8'), vtt);
  const refusedOnly = parse(await stt(folder, ['outbox', 'export', 'out', '--refused', '--json']));
  assert.equal(refusedOnly['exported'], [{ task: 'late', file: folder.join('out', 'late.vtt'), outcome: 'kept' }]);
  assert.is((await lettersIn(outbox.path)).length, 2);
  const both = await stt(folder, ['outbox', 'export', 'out', '--refused', '--all']);
  assert.is(both.exitCode, 2);
});

for (const flag of ['--retry-failed', '--retry_failed']) {
  run(`run ${flag} tries again what waits, what was refused and what an ancestor left, without an engine`, async () => {
    await using folder = await temporaryFolder();
    await using server = await startFakeServer({ flavour: 'ancestor' });
    const outbox = await outboxIn(folder);
    await waiting(outbox, 'waits');
    await refused(outbox, 'refused');
    await refused(outbox, 'hopeless');
    await mkdir(folder.join('processed_not_uploaded'));
    await writeFile(folder.join('processed_not_uploaded', 'here.vtt'), vtt);
    await mkdir(folder.join('data', 'not_processed_failed_report'));
    await writeFile(folder.join('data', 'not_processed_failed_report', 'there'), '');
    expect(server, 'waits', 'refused', 'here', 'there');
    const end = await stt(folder, ['run', flag, '--json'], server.url);
    assert.is(end.exitCode, 65, end.outputTail);
    const events = end.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const tasks = (kind: string): string[] =>
      events
        .filter(({ event }) => event === kind)
        .map(({ task }) => String(task))
        .toSorted();
    assert.equal(tasks('delivered'), ['here', 'refused', 'there', 'waits']);
    assert.equal(tasks('refused'), ['hopeless']);
    const last = events.at(-1);
    assert.equal([last?.['event'], last?.['refused'], last?.['waiting']], ['summary', 1, 0]);

    // The same again: it is refused once more, and there once.
    const again = await stt(folder, ['run', flag], server.url);
    assert.is(again.exitCode, 65);
    assert.match(again.outputTail, '0 of 1 delivered, 1 refused by the server, kept aside.');
    assert.equal([await lettersIn(outbox.path), (await lettersIn(outbox.join('refused'))).length], [[], 1]);
  });
}

run('run --retry-failed keeps everything while the server is away, and is no flag for a run', async () => {
  await using folder = await temporaryFolder();
  const outbox = await outboxIn(folder);
  await refused(outbox, 'a');
  const end = await stt(folder, ['run', '--retry-failed']);
  assert.is(end.exitCode, 75, end.outputTail);
  assert.match(end.outputTail, /0 of 1 delivered, 1 still waiting: .*ECONNREFUSED/u);
  assert.is((await lettersIn(outbox.path)).length, 1);
  for (const other of ['--once', '--until-empty']) {
    assert.is((await stt(folder, ['run', '--retry-failed', other])).exitCode, 2);
  }
});

run.run();
