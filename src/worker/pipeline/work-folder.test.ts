import { mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isRunning } from '../../../test/support/processes.ts';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { runChild } from '../../run-child.ts';
import { hasOwnerEnded, ownToken } from '../process-owner.ts';
import { openWorkFolder } from './work-folder.ts';

const run = suite('work folder');

const day = 24 * 3600 * 1000;
const machine = ownToken.replace(/-\d+-\d+$/u, '');
const ended = `${machine}-999999999-1`;

run('gives each task a folder of its own, and leaves nothing behind', async () => {
  await using folder = await temporaryFolder();
  {
    await using work = await openWorkFolder(folder.join('work'));
    await using one = work.newTaskFolder();
    await using other = work.newTaskFolder();
    await Promise.all([one.make(), other.make()]);
    assert.is.not(one.path, other.path);
    await writeFile(`${one.path}/recording`, 'x');
    assert.is((await readdir(folder.join('work', ownToken))).length, 2);
  }
  assert.equal(await readdir(folder.join('work')), []);
});

run('sweeps what runs that ended left behind', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join(ended, 'task-1'), { recursive: true });
  await writeFile(folder.join(ended, 'task-1', 'audio.wav'), 'x');
  await using work = await openWorkFolder(folder.path);
  assert.equal(await readdir(folder.path), [ownToken]);
  void work;
});

run('leaves alone what belongs to others: living workers, other machines, links, files', async () => {
  await using folder = await temporaryFolder();
  await using outside = await temporaryFolder();
  await writeFile(outside.join('kept'), 'x');
  const foreign = 'other_host-1-1';
  await mkdir(folder.join(foreign));
  await symlink(outside.path, folder.join(ended));
  await writeFile(folder.join('a-file'), 'x');
  await using work = await openWorkFolder(folder.path);
  assert.equal((await readdir(folder.path)).toSorted(), ['a-file', foreign, ended, ownToken].toSorted());
  assert.equal(await readdir(outside.path), ['kept']);
  void work;
});

run('sweeps what another machine has not touched for a week', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('other_host-1-1'));
  const longAgo = new Date(Date.now() - 8 * day);
  await utimes(folder.join('other_host-1-1'), longAgo, longAgo);
  await using work = await openWorkFolder(folder.path);
  assert.equal(await readdir(folder.path), [ownToken]);
  void work;
});

run('knows a process that runs from one that had the same id', async () => {
  assert.not(hasOwnerEnded(ownToken, day, day / 2));
  assert.ok(hasOwnerEnded(`${machine}-${process.pid}-1`, 0, day));
  let pid = 0;
  await runChild({ file: 'sh', args: ['-c', 'echo $$'], onLine: (line) => (pid = Number(line)) });
  assert.not(isRunning(pid));
  assert.ok(hasOwnerEnded(`${machine}-${pid}-1`, 0, day));
});

run('says what to do where it may not write', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('work'), 'a file in the way');
  const error = await rejects(openWorkFolder(folder.join('work')), /cannot be used/u);
  assert.equal([error['code'], error['exitCode']], ['STT_WORK_FOLDER', 74]);
});

run.run();
