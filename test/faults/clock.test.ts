// deadline: 120 s
/**
 * The clock of the server is set, or the server sleeps (SIGSTOP) for longer than a lease while its workers wait for it: no healthy
 * lease ends. The server's clock is hurried tenfold here, so that a lease of 90 s lasts nine. Jumps while it runs: leases.test.ts.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../support/eventually.ts';
import { freePort, startServerProcess, type ServerProcess } from '../support/server-process.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { claim, claimTask, deliver, post, type Task } from './worker-calls.ts';

const clock = suite('clock');

const speed = 10;
const leaseMs = 90_000 / speed;
const dayMs = 86_400_000;
const hurriedServer = path.join(import.meta.dirname, '..', 'support', 'hurried-server.ts');
const startedMs = Date.now();

async function start(folder: TemporaryFolder, port: number, aheadMs = 0, faster = speed): Promise<ServerProcess> {
  const clock = { realMs: Date.now(), shownMs: startedMs + (Date.now() - startedMs) * speed + aheadMs, speed: faster };
  return startServerProcess({
    library: folder.join('library'),
    stateFolder: folder.path,
    port,
    program: hurriedServer,
    env: { STT_DEFAULT_LANGUAGE: 'en', TEST_CLOCK: JSON.stringify(clock) },
  });
}

async function fillLibrary(folder: TemporaryFolder, count: number): Promise<void> {
  await mkdir(folder.join('library'));
  for (let index = 0; index < count; index += 1)
    await writeFile(folder.join('library', `${index}.mp3`), `${index}.mp3`);
}

const claimAll = (url: string, count: number): Promise<Task[]> =>
  Promise.all(Array.from({ length: count }, () => claimTask(url)));
const lostLeases = (server: ServerProcess): number => server.logs.filter((line) => line.msg === 'lease lost').length;

clock('a server that slept for longer than a lease ends none of those whose workers waited', async () => {
  await using folder = await temporaryFolder();
  await fillLibrary(folder, 10);
  await using server = await start(folder, 0);
  const tasks = await claimAll(server.url, 10);
  const over = new AbortController();
  const statuses: (number | undefined)[] = [];
  const beating = tasks.map(async ({ leaseId }) => {
    while (!over.signal.aborted) {
      statuses.push((await post(server.url, '/heartbeat', { id: leaseId }))?.status);
      await delay(leaseMs / 5);
    }
  });
  await delay(1000);
  server.signal('SIGSTOP');
  await delay(leaseMs * 1.3);
  server.signal('SIGCONT');
  // Two sweeps.
  await delay((2 * 15_000) / speed + 500);
  over.abort();
  await Promise.all(beating);
  assert.equal([...new Set(statuses)], [200]);
  assert.is(lostLeases(server), 0);
  for (const task of tasks) assert.is((await deliver(server.url, task))?.status, 200);
});

for (const [name, jumpMs] of [
  ['ahead', dayMs],
  ['back', -dayMs],
] as const) {
  clock(`a restart with the clock set ${name} by a day ends no lease, and no task waits for a day`, async () => {
    await using folder = await temporaryFolder();
    await fillLibrary(folder, 4);
    const port = await freePort();
    await using server = await start(folder, port);
    const [failed, ...healthy] = await claimAll(server.url, 4);
    assert.ok(failed);
    await post(server.url, '/error', { id: failed.leaseId, error: 'as a test wants it' });
    await server.kill();
    await using restarted = await start(folder, port, jumpMs);
    // Longer than a sweep, shorter than a lease.
    await delay(15_000 / speed + 1000);
    for (const { leaseId } of healthy) {
      assert.is((await post(restarted.url, '/heartbeat', { id: leaseId }))?.status, 200);
    }
    assert.is(lostLeases(restarted), 0);
    for (const task of healthy) assert.is((await deliver(restarted.url, task))?.status, 200);
    await restarted.kill();
    // The longest wait of a task is an hour: six seconds now.
    await using fast = await start(folder, port, jumpMs, 600);
    const again = await eventually(
      async () => {
        const task = await claim(fast.url);
        return typeof task === 'object' ? task : undefined;
      },
      'offered again',
      20_000,
    );
    assert.is(again.recording, failed.recording);
  });
}

clock.run();
