import { chown, lchown, link, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { AppError } from '../../../src/app-error.ts';
import { packageFolder } from '../../../src/package-folder.ts';
import { runChild } from '../../../src/run-child.ts';
import { openStore } from '../open-store.ts';
import { asFolderOwner, makeFolder, makeForFolderOwner, requirePlainFiles } from './give-to-folder-owner.ts';
import { holdDatabase } from './hold-database.ts';
import { openStoreDirectly } from './open-store-directly.ts';

const give = suite('what root makes in a folder of another user');

const policy = { maxAttempts: 5, order: 'oldest' } as const;
const [uid, gid] = [12_345, 12_346];

const ownersIn = async (folder: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(folder)).map(async (name) => {
        const found = await stat(path.join(folder, name));
        return [name, `${found.uid}:${found.gid}`] as const;
      }),
    ),
  );

/** Root is not led somewhere else. */
function refuses(work: () => unknown, file: string, what: string): void {
  let caught: unknown;
  try {
    work();
  } catch (error) {
    caught = error;
  }
  assert.instance(caught, AppError);
  const { code, exitCode, message } = caught as AppError;
  assert.equal([code, exitCode], ['STT_FOREIGN_LINK', 77], message);
  assert.match(message, `${file} is ${what}, in a folder of another user`);
}

give('is for its owner alone to read, whoever that is', async () => {
  await using folder = await temporaryFolder();
  const opened = openStoreDirectly(folder.join('tasks.sqlite'), policy);
  opened.store.proveWritable();
  for (const name of await readdir(folder.path)) assert.is((await stat(folder.join(name))).mode & 0o777, 0o600, name);
  opened.close();
  const hold = holdDatabase(folder.join('tasks.sqlite'));
  assert.is((await stat(folder.join('tasks.sqlite.lock'))).mode & 0o777, 0o600);
  hold.release();
});

if (process.getuid?.() === 0) {
  give('is that user’s: the database, what SQLite lays beside it, the lock of a server', async () => {
    await using folder = await temporaryFolder();
    await chown(folder.path, uid, gid);
    const file = folder.join('server', 'tasks.sqlite');
    const opened = openStoreDirectly(file, policy);
    opened.store.proveWritable();
    assert.equal(await ownersIn(folder.path), { server: `${uid}:${gid}` });
    const open = await ownersIn(folder.join('server'));
    opened.close();
    const theirs = `${uid}:${gid}`;
    assert.equal(open, { 'tasks.sqlite': theirs, 'tasks.sqlite-shm': theirs, 'tasks.sqlite-wal': theirs });
    const server = await openStore({ file, policy, onFailure: () => {} });
    assert.is((await ownersIn(folder.join('server')))['tasks.sqlite.lock'], theirs);
    await server.close();
  });

  give('is not what somebody laid there: links, pipes, a second name of a file', async () => {
    await using folder = await temporaryFolder();
    await chown(folder.path, uid, gid);
    const file = folder.join('tasks.sqlite');
    const target = folder.join('elsewhere');
    await mkdir(folder.join('machine'));
    await writeFile(folder.join('machine/shadow'), 'secret');
    for (const ending of ['', '-wal', '-shm', '-journal', '.lock']) {
      await symlink(target, file + ending);
      refuses(() => requirePlainFiles(file), file + ending, 'a link');
      refuses(() => makeForFolderOwner(file), file + ending, 'a link');
      await rm(file + ending);
    }
    await symlink(folder.join('machine/shadow'), `${file}.lock`);
    refuses(() => holdDatabase(file), `${file}.lock`, 'a link');
    await rm(`${file}.lock`);
    await link(folder.join('machine/shadow'), `${file}-wal`);
    refuses(() => makeForFolderOwner(file), `${file}-wal`, 'a file with other names as well');
    await rm(`${file}-wal`);
    await mkdir(file);
    refuses(() => makeForFolderOwner(file), file, 'no plain file');
    assert.equal((await readdir(folder.path)).toSorted(), ['machine', 'tasks.sqlite']);
    assert.is((await lstat(folder.join('machine/shadow'))).uid, 0);
    assert.is(await readFile(folder.join('machine/shadow'), 'utf8'), 'secret');
  });

  give('is not opened by any command where a link lies', async () => {
    await using folder = await temporaryFolder();
    await chown(folder.path, uid, gid);
    const file = folder.join('tasks.sqlite');
    openStoreDirectly(file, policy).close();
    await writeFile(folder.join('shadow'), '');
    const run = (...args: string[]) =>
      runChild({ file: process.execPath, args: [`${packageFolder}/bin/stt-server.js`, ...args, '--database', file] });
    for (const ending of ['-wal', '-journal']) {
      await symlink(folder.join('shadow'), file + ending);
      for (const args of [
        ['tasks', 'list'],
        ['backup', folder.join('copy')],
      ]) {
        const end = await run(...args);
        assert.is(end.exitCode, 77, end.outputTail);
        assert.match(end.outputTail, 'a link, in a folder of another user');
      }
      await rm(file + ending);
    }
    assert.is((await stat(folder.join('shadow'))).uid, 0);
    assert.is((await run('tasks', 'list')).exitCode, 0);
  });

  give('is not where a link of somebody else leads; one of root’s is his to make', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.join('machine'));
    await mkdir(folder.join('theirs'));
    await chown(folder.join('theirs'), uid, gid);
    const way = folder.join('theirs', 'way');
    await symlink(folder.join('machine'), way);
    makeFolder(path.join(way, 'mine'));
    await lchown(way, uid, gid);
    refuses(() => makeFolder(path.join(way, 'deep', 'down')), way, 'a link');
    refuses(() => makeForFolderOwner(path.join(way, 'tasks.sqlite')), way, 'a link');
    assert.equal(await readdir(folder.join('machine')), ['mine']);
  });

  give('also where several folders were not there', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.join('theirs'));
    await chown(folder.join('theirs'), uid, gid);
    makeFolder(folder.join('theirs', 'a', 'b'));
    assert.equal(
      [await ownersIn(folder.join('theirs')), await ownersIn(folder.join('theirs', 'a'))],
      [{ a: `${uid}:${gid}` }, { b: `${uid}:${gid}` }],
    );
  });

  give(
    'is touched with the rights of that user alone, so that a link that is laid later leads nowhere either',
    async () => {
      await using folder = await temporaryFolder();
      const who = () => [process.geteuid?.(), process.getegid?.()];
      assert.equal(asFolderOwner(folder.path, who), [0, 0]);
      await chown(folder.path, uid, gid);
      assert.equal(asFolderOwner(folder.path, who), [uid, gid]);
      const fails = (): never => {
        throw new Error('no room');
      };
      assert.throws(() => asFolderOwner(folder.path, fails), /no room/u);
      assert.equal(who(), [0, 0]);
    },
  );

  give('stays root’s where the folder is', async () => {
    await using folder = await temporaryFolder();
    makeFolder(folder.join('a', 'b'));
    makeForFolderOwner(folder.join('a', 'file'));
    assert.equal(
      [await ownersIn(folder.path), await ownersIn(folder.join('a'))],
      [{ a: '0:0' }, { b: '0:0', file: '0:0' }],
    );
  });
} else {
  give('NOT TRIED: only root can make files for others', () => assert.ok(process.getuid?.() !== 0));
}

give.run();
