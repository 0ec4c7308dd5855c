// deadline: 120 s
/**
 * A full disk below the library, the database, or the log: nothing is acknowledged that is not stored, nothing half-written is
 * seen, no more tasks go out, `/readyz` says why, and all of it ends without a restart when there is room again.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { canMount, smallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { transcriptOf } from './journal.ts';
import { claim, claimTask, deliver, post, statusOf } from './worker-calls.ts';

const disk = suite('full disk');

const probe = await temporaryFolder();
const mayMount = await canMount(probe.path);
await probe[Symbol.asyncDispose]();
const test = (title: string, body: () => Promise<void>): void =>
  mayMount ? disk(title, body) : disk.skip(title, body);
if (!mayMount) console.log('skipped: mounting a small tmpfs is not permitted here (it takes root on Linux)');

async function fillLibrary(library: string, count: number): Promise<void> {
  await mkdir(library, { recursive: true });
  for (let index = 0; index < count; index += 1) await writeFile(path.join(library, `${index}.mp3`), `${index}.mp3`);
}

const start = (library: string, stateFolder: string, env: Record<string, string> = {}): Promise<ServerProcess> =>
  startServerProcess({ library, stateFolder, env: { STT_DEFAULT_LANGUAGE: 'en', STT_SCAN_SECONDS: '1', ...env } });

const handsOut = async (url: string): Promise<boolean> => {
  const task = await claim(url);
  if (typeof task !== 'object') return false;
  await post(url, '/release', { id: task.leaseId });
  return true;
};

test('below the library', async () => {
  await using folder = await temporaryFolder();
  await using small = await smallDisk(folder.join('library'));
  await fillLibrary(small.path, 3);
  await using server = await start(small.path, folder.path);
  const task = await claimTask(server.url);
  await small.fill();

  const refused = await deliver(server.url, task);
  assert.is(refused?.status, 503, refused?.detail);
  assert.is(refused?.code, 'not_ready');
  assert.equal(
    (await readdir(small.path)).filter((name) => !/^\d+\.mp3$|^\.filler$/u.test(name)),
    [],
    'no transcript, no part of one, no temporary file',
  );
  await eventually(async () => (await statusOf(server.url, '/readyz')) === 503, '/readyz says so');
  assert.is(await statusOf(server.url, '/livez'), 200);
  assert.not.ok(await handsOut(server.url), 'a task was handed out whose transcript could not be stored');
  assert.is((await post(server.url, '/heartbeat', { id: task.leaseId }))?.status, 200, 'the lease lives on');

  await small.free();
  const again = await deliver(server.url, task);
  assert.is(again?.status, 200, again?.detail);
  assert.is(
    await readFile(small.path + `/${task.recording}`.replace('.mp3', '.vtt'), 'utf8'),
    transcriptOf(task.recording, task.leaseId),
  );
  await eventually(async () => (await statusOf(server.url, '/readyz')) === 200, 'ready again');
  assert.ok(await handsOut(server.url));
});

test('below the database', async () => {
  await using folder = await temporaryFolder();
  await using small = await smallDisk(folder.join('state'), 2 * 1024 * 1024);
  const library = folder.join('library');
  await fillLibrary(library, 60);
  await using server = await start(library, small.path);
  const first = await claimTask(server.url);
  await small.fill();

  // What still fits into the space that SQLite has is acknowledged, and durable; then it ends.
  const acknowledged = [];
  let refused;
  for (let count = 0; count < 60 && refused === undefined; count += 1) {
    const task = await claim(server.url);
    if (typeof task !== 'object') refused = task;
    else if ((await deliver(server.url, task))?.status === 200) acknowledged.push(task);
  }
  assert.is(refused, 503, `${acknowledged.length} tasks went through`);
  assert.is.not((await deliver(server.url, first))?.status, 200);
  await eventually(async () => (await statusOf(server.url, '/readyz')) === 503, '/readyz says so');
  assert.is(await statusOf(server.url, '/livez'), 200);

  await small.free();
  await eventually(async () => (await statusOf(server.url, '/readyz')) === 200, 'ready again');
  const again = await deliver(server.url, first);
  assert.is(again?.status, 200, again?.detail);
  assert.ok(await handsOut(server.url));
  await server.kill();
  await using restarted = await start(library, small.path);
  for (const task of [first, ...acknowledged]) {
    assert.is((await deliver(restarted.url, task))?.status, 200, `${task.recording} is known after the restart`);
  }
});

test('below the log', async () => {
  await using folder = await temporaryFolder();
  await using small = await smallDisk(folder.join('logs'), 65_536);
  const library = folder.join('library');
  await fillLibrary(library, 10);
  await using server = await start(library, folder.path, { LOG_DIR: small.path, STT_LOG_LEVEL: 'debug' });
  await small.fill();
  for (let count = 0; count < 8; count += 1) {
    const task = await claimTask(server.url);
    assert.is((await deliver(server.url, task))?.status, 200);
  }
  assert.is(await statusOf(server.url, '/readyz'), 200);
  await small.free();
  const logged = async (): Promise<boolean> => {
    const task = await claimTask(server.url);
    await post(server.url, '/release', { id: task.leaseId });
    const names = await readdir(small.path);
    const texts = await Promise.all(names.map((name) => readFile(path.join(small.path, name), 'utf8')));
    return texts.some((text) => text.includes(task.leaseId));
  };
  await eventually(logged, 'the log is written again');
});

disk.run();
