import { readdir, readFile, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../../test/support/eventually.ts';
import { isRunning } from '../../test/support/processes.ts';
import { rejects } from '../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { endProcessGroup, runChild } from '../run-child.ts';
import { withSetupLock } from './setup-lock.ts';

const run = suite('setup lock');

const now = new Date('2026-01-02T03:04:05Z');

/** The id of a process that is gone. */
async function deadPid(): Promise<number> {
  const end = await runChild({
    file: process.execPath,
    args: ['-e', 'console.log(process.pid)'],
    stdoutLimitBytes: 100,
  });
  return Number(end.stdout);
}

run('lets one in, tells the second who holds it, and is gone afterwards', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('data/setup.lock');
  await withSetupLock(file, now, async () => {
    const error = await rejects(
      withSetupLock(file, now, () => Promise.resolve()),
      new RegExp(`process ${process.pid}, since 2026-01-02T03:04:05`, 'u'),
    );
    assert.is(error['code'], 'STT_SETUP_RUNNING');
    assert.is(error['exitCode'], 75);
    assert.match(String(error['hint']), file);
  });
  assert.equal(await readdir(folder.join('data')), []);
});

run('is given back when the work fails', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('setup.lock');
  await rejects(
    withSetupLock(file, now, () => Promise.reject(new Error('no luck'))),
    /no luck/u,
  );
  assert.equal(await readdir(folder.path), []);
});

run('is taken over from a process that is gone, and where the file is damaged', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('setup.lock');
  for (const left of [JSON.stringify({ pid: await deadPid(), start: 1, since: 'then' }), '', '{"pid":"me"}']) {
    await writeFile(file, left);
    const holder = await withSetupLock(file, now, () => readFile(file, 'utf8'));
    assert.is((JSON.parse(holder) as { pid: number }).pid, process.pid);
    assert.equal(await readdir(folder.path), []);
  }
});

run('is taken over where its process id is another process by now, even this one', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('setup.lock');
  for (const pid of [process.pid, process.ppid]) {
    await writeFile(file, JSON.stringify({ pid, start: 1, since: 'then' }));
    await withSetupLock(file, now, () => Promise.resolve());
  }
});

/** A program of a group of its own that has started another one, and ends at SIGTERM or not at all. */
async function startGroup(folder: TemporaryFolder, script: string): Promise<{ group: number; child: number }> {
  let group = 0;
  const file = folder.join('child-pid');
  void runChild({
    file: 'sh',
    args: ['-c', `${script} sleep 60 & echo $! > '${file}.new'; mv '${file}.new' '${file}'; wait`],
    onStart: (started) => (group = started),
  });
  const child = Number(await eventually(() => readFile(file, 'utf8').catch(() => ''), 'it has started'));
  return { group, child };
}

run('is taken over only when what its holder had running is ended', async () => {
  for (const script of ['', "trap '' TERM;"]) {
    await using folder = await temporaryFolder();
    const file = folder.join('setup.lock');
    const { group, child } = await startGroup(folder, script);
    await withSetupLock(file, now, async (lock) => {
      lock.recordGroup(group);
      const recorded = JSON.parse(await readFile(file, 'utf8')) as object;
      await writeFile(file, JSON.stringify({ ...recorded, start: 1 }));
      await withSetupLock(file, now, () => {
        assert.not.ok(isRunning(group) || isRunning(child), script);
        return Promise.resolve();
      });
    });
  }
});

run('leaves a group alone that has only the same number', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('setup.lock');
  const { group, child } = await startGroup(folder, '');
  await writeFile(
    file,
    JSON.stringify({ pid: await deadPid(), start: 1, since: 'then', group: { pid: group, start: 1 } }),
  );
  await withSetupLock(file, now, () => Promise.resolve());
  assert.ok(isRunning(group) && isRunning(child));
  await endProcessGroup(group);
});

run('goes to only one of many that find the same stale one', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('setup.lock');
  await writeFile(file, JSON.stringify({ pid: await deadPid(), start: 1, since: 'then' }));
  let inside = 0;
  let most = 0;
  const tries = await Promise.allSettled(
    Array.from({ length: 8 }, () =>
      withSetupLock(file, now, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await readdir(folder.path);
        inside -= 1;
      }),
    ),
  );
  assert.is(most, 1);
  assert.ok(tries.some(({ status }) => status === 'fulfilled'));
});

run.run();
