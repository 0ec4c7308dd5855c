import {
  chmod,
  chown,
  lchown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { someUser } from '../../../test/support/as-user.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { thrownAppError } from '../../../test/support/thrown.ts';
import { packageFolder } from '../../../src/package-folder.ts';
import { runChild } from '../../../src/run-child.ts';
import { openStore } from '../open-store.ts';
import { applicationId } from './database-file.ts';
import { asOwner, makeFolder, makeForOwner, requirePlainFiles } from './give-to-folder-owner.ts';
import { holdDatabase } from './hold-database.ts';
import { openDatabase } from './open-database.ts';
import { openStoreDirectly } from './open-store-directly.ts';

const give = suite('what root makes in a folder of another user');

const policy = { maxAttempts: 5, order: 'oldest' } as const;
const { uid, gid } = someUser;
const theirs = `${uid}:${gid}`;

const who = () => [process.geteuid?.(), process.getegid?.()];

const server = (...args: string[]) =>
  runChild({ file: process.execPath, args: [`${packageFolder}/bin/stt-server.js`, ...args] });

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
  const { code, exitCode, message } = thrownAppError(work);
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
    assert.equal(open, { 'tasks.sqlite': theirs, 'tasks.sqlite-shm': theirs, 'tasks.sqlite-wal': theirs });
    const running = await openStore({ file, policy, onFailure: () => {} });
    assert.is((await ownersIn(folder.join('server')))['tasks.sqlite.lock'], theirs);
    await running.close();
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
      refuses(() => makeForOwner(file), file + ending, 'a link');
      await rm(file + ending);
    }
    await symlink(folder.join('machine/shadow'), `${file}.lock`);
    refuses(() => holdDatabase(file), `${file}.lock`, 'a link');
    await rm(`${file}.lock`);
    await link(folder.join('machine/shadow'), `${file}-wal`);
    refuses(() => makeForOwner(file), `${file}-wal`, 'a file with other names as well');
    await rm(`${file}-wal`);
    await mkdir(file);
    refuses(() => makeForOwner(file), file, 'no plain file');
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
    const run = (...args: string[]) => server(...args, '--database', file);
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
    refuses(() => makeForOwner(path.join(way, 'tasks.sqlite')), way, 'a link');
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
      const file = folder.join('tasks.sqlite');
      assert.equal(asOwner(file, who), [0, 0]);
      await chown(folder.path, uid, gid);
      assert.equal(asOwner(file, who), [uid, gid]);
      const fails = (): never => {
        throw new Error('no room');
      };
      assert.throws(() => asOwner(file, fails), /no room/u);
      assert.equal(who(), [0, 0]);
    },
  );

  give('is its owner’s where the database is there, whosever the folder is', async () => {
    await using folder = await temporaryFolder();
    await chown(folder.path, 23_456, 23_457);
    // As an ACL would.
    await chmod(folder.path, 0o777);
    const file = folder.join('tasks.sqlite');
    openStoreDirectly(file, policy).close();
    await chown(file, uid, gid);
    const end = await server('tasks', 'list', '--database', file);
    assert.is(end.exitCode, 0, end.outputTail);
    const seen: unknown[] = [];
    const { db } = openDatabase(file, { onFound: () => seen.push(who()) });
    assert.equal(seen, [[uid, gid]]);
    assert.equal(await ownersIn(folder.path), {
      'tasks.sqlite': theirs,
      'tasks.sqlite-shm': theirs,
      'tasks.sqlite-wal': theirs,
    });
    db.close();
    const running = await openStore({ file, policy, onFailure: () => {} });
    const owners = await ownersIn(folder.path);
    await running.close();
    assert.is(owners['tasks.sqlite.lock'], theirs);
    // Another name tells nothing of who laid it here.
    await link(file, folder.join('other-name'));
    assert.equal(asOwner(file, who), [23_456, 23_457]);
  });

  give('is root’s where the database is, as a server of root’s left it in a folder of others', async () => {
    await using folder = await temporaryFolder();
    const file = folder.join('tasks.sqlite');
    openStoreDirectly(file, policy).close();
    await chown(folder.path, uid, gid);
    const end = await server('tasks', 'list', '--database', file);
    assert.is(end.exitCode, 0, end.outputTail);
    const running = await openStore({ file, policy, onFailure: () => {} });
    const owners = Object.values(await ownersIn(folder.path));
    await running.close();
    assert.equal([owners.length > 1, ...new Set(owners)], [true, '0:0']);
  });

  give('is reached by root where its owner is shut out; not where he shut it himself', async () => {
    await using folder = await temporaryFolder();
    const volume = folder.join('root-only', 'volume');
    await mkdir(volume, { recursive: true });
    await chmod(folder.path, 0o755);
    await chmod(folder.join('root-only'), 0o700);
    await chown(volume, uid, gid);
    const file = path.join(volume, 'tasks.sqlite');
    const opened = openStoreDirectly(file, policy);
    opened.store.proveWritable();
    assert.equal([...new Set(Object.values(await ownersIn(volume)))], [theirs]);
    opened.close();
    const end = await server('tasks', 'list', '--database', file);
    assert.is(end.exitCode, 0, end.outputTail);
    assert.equal(asOwner(file, who), [0, 0]);
    await chmod(folder.join('root-only'), 0o755);
    assert.equal(asOwner(file, who), [uid, gid]);
    await chmod(volume, 0);
    assert.equal(asOwner(file, who), [uid, gid]);
  });

  give('is touched with no group of root’s, and root has his own again', async () => {
    await using folder = await temporaryFolder();
    await chown(folder.path, uid, gid);
    const all = () => [...who(), ...(process.getgroups?.() ?? [])];
    const groups = process.getgroups?.() ?? [];
    try {
      process.setgroups?.([6, 7]);
      process.setegid?.(7);
      const before = all();
      assert.equal(asOwner(folder.join('tasks.sqlite'), all), [uid, gid, gid]);
      assert.equal(all(), before);
      assert.throws(() =>
        asOwner(folder.join('tasks.sqlite'), () => {
          throw new Error('no room');
        }),
      );
      assert.equal(all(), before);
    } finally {
      process.setegid?.(0);
      process.setgroups?.(groups);
    }
  });

  give('is judged with the rights of that user: what he may not write is no full disk', async () => {
    await using folder = await temporaryFolder();
    await chown(folder.path, uid, gid);
    const file = folder.join('tasks.sqlite');
    // Ours, and without a table: who opens it wants to write.
    new DatabaseSync(file).exec(`PRAGMA application_id = ${applicationId}; PRAGMA journal_mode = wal`);
    await chown(file, uid, gid);
    await chmod(file, 0o444);
    const error = thrownAppError(() => openDatabase(file));
    assert.match(error.message, /readonly/u);
    assert.equal([error.code, error.exitCode], ['STT_DATABASE', 78]);
  });

  give('stays root’s where the folder is', async () => {
    await using folder = await temporaryFolder();
    makeFolder(folder.join('a', 'b'));
    makeForOwner(folder.join('a', 'file'));
    assert.equal(
      [await ownersIn(folder.path), await ownersIn(folder.join('a'))],
      [{ a: '0:0' }, { b: '0:0', file: '0:0' }],
    );
  });
} else {
  give('NOT TRIED: only root can make files for others', () => assert.ok(process.getuid?.() !== 0));
}

give.run();
