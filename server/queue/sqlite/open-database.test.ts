import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { asSomeUser, someUser } from '../../../test/support/as-user.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { thrownAppError } from '../../../test/support/thrown.ts';
import { networkFileSystem } from '../../network-file-system.ts';
import { migrate } from './migrations.ts';
import { isSafeSqlite, openDatabase } from './open-database.ts';

const run = suite('openDatabase');

const pragma = (db: DatabaseSync, name: string): unknown => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];

run('makes a database whose commits are durable, and the folders to it', async () => {
  await using folder = await temporaryFolder();
  const { db, file, foreignFile } = openDatabase(folder.join('deep', 'down', 'tasks.sqlite'));
  assert.is(foreignFile, undefined);
  assert.is(file, folder.join('deep', 'down', 'tasks.sqlite'));
  assert.equal(
    ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout', 'user_version'].map((name) => pragma(db, name)),
    ['wal', 2, 1, 5000, 3],
  );
  db.close();
});

run('a database that is locked for long may be opened later', async () => {
  await using folder = await temporaryFolder();
  const { db, file } = openDatabase(folder.join('tasks.sqlite'));
  db.close();
  using rival = new DatabaseSync(file);
  rival.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  const error = thrownAppError(() => openDatabase(file));
  assert.equal([error.code, error.exitCode], ['STT_DATABASE_TROUBLE', 75]);
});

run('opens its own database again, also after a crash', async () => {
  await using folder = await temporaryFolder();
  const first = openDatabase(folder.join('tasks.sqlite'));
  // Not closed: as after a crash, all commits are in the log beside the file.
  const second = openDatabase(folder.join('tasks.sqlite'));
  assert.is(second.foreignFile, undefined);
  first.db.close();
  second.db.close();
});

run('takes an empty file for its own: a first start found the disk full', async () => {
  await using folder = await temporaryFolder();
  const wanted = folder.join('tasks.sqlite');
  await writeFile(wanted, '');
  const { db, file, foreignFile } = openDatabase(wanted);
  db.close();
  assert.is(file, wanted);
  assert.is(foreignFile, undefined);
});

run('takes each step of the schema once, also where another program was faster', async () => {
  await using folder = await temporaryFolder();
  const { db } = openDatabase(folder.join('tasks.sqlite'));
  for (const seen of [0, 1, 2]) migrate(db, seen);
  assert.is(pragma(db, 'user_version'), 3);
  assert.not.ok(db.isTransaction);
  db.close();
});

run("leaves a text file (the ancestor's DB_FILE) as it is and takes a sibling", async () => {
  await using folder = await temporaryFolder();
  const wanted = folder.join('processed.db');
  await writeFile(wanted, 'talk.mp3\n');
  for (const _ of ['first start', 'second start']) {
    const { db, file, foreignFile } = openDatabase(wanted);
    assert.is(file, `${wanted}.stt.sqlite`);
    assert.is(foreignFile, wanted);
    db.close();
  }
  assert.is(await readFile(wanted, 'utf8'), 'talk.mp3\n');
});

run("leaves another program's SQLite database as it is and takes a sibling", async () => {
  await using folder = await temporaryFolder();
  const wanted = folder.join('stt.db');
  const foreign = new DatabaseSync(wanted);
  foreign.exec('CREATE TABLE files (id TEXT)');
  foreign.close();
  const before = await readFile(wanted);
  const { db, file } = openDatabase(wanted);
  db.close();
  assert.is(file, `${wanted}.stt.sqlite`);
  assert.ok((await readFile(wanted)).equals(before));
});

run('does not open the database of a newer version', async () => {
  await using folder = await temporaryFolder();
  const { db, file } = openDatabase(folder.join('tasks.sqlite'));
  db.exec('PRAGMA user_version = 99');
  db.close();
  const error = thrownAppError(() => openDatabase(file));
  assert.match(error.message, 'newer version of stt');
  assert.is(error.exitCode, 78);
});

run('says what to do when the database cannot be a file', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('tasks.sqlite'));
  const error = thrownAppError(() => openDatabase(folder.join('tasks.sqlite')));
  assert.match(error.message, /EISDIR/u);
  assert.match(error.hint ?? '', /--database/u);
});

run('says what to do with a damaged database, and leaves it as it is', async () => {
  await using folder = await temporaryFolder();
  const { db, file } = openDatabase(folder.join('tasks.sqlite'));
  const insert = db.prepare(`
    INSERT INTO tasks (folder, name, language, fingerprint, state, created_at, changed_at)
    VALUES ('', ?, 'en', '1:1', 'pending', 0, 0)`);
  for (let index = 0; index < 2000; index += 1) insert.run(`a long name ${index}.mp3`);
  db.close();
  const damaged = await readFile(file);
  damaged.fill(0xa5, 4096 * 20, 4096 * 24);
  await writeFile(file, damaged);
  const error = thrownAppError(() => openDatabase(file));
  assert.match(error.message, /is damaged/u);
  assert.match(error.hint ?? '', /backup.*move it/u);
  assert.is(error.exitCode, 78);
  assert.ok((await readFile(file)).equals(damaged));
});

run(
  'opens a database for a command without a look at each page, and without a change that a server would notice',
  async () => {
    await using folder = await temporaryFolder();
    const { db, file } = openDatabase(folder.join('tasks.sqlite'));
    const before = pragma(db, 'data_version');
    openDatabase(file, { isChecked: false }).db.close();
    openDatabase(file).db.close();
    assert.is(pragma(db, 'data_version'), before);
    db.close();
  },
);

run('knows network file systems, where SQLite may lose or damage a database', () => {
  const types = { NFS: 0x69_69, CIFS: 0xff_53_4d_42, SMB: 0xfe_53_4d_42, Ceph: 0xc3_64_00, '9p': 0x01_02_19_97 };
  for (const [name, type] of Object.entries(types)) assert.is(networkFileSystem(type), name);
  assert.is(networkFileSystem(0xff_53_4d_42 | 0), 'CIFS', 'as a signed number');
  const local = { ext4: 0xef_53, xfs: 0x58_46_53_42, btrfs: 0x91_23_68_3e, tmpfs: 0x01_02_19_94, fuse: 0x65_73_55_46 };
  for (const type of Object.values(local)) assert.is(networkFileSystem(type), undefined);
});

run('knows which SQLite may lose data', () => {
  assert.equal(['3.51.2', '3.50.9', '2.99.0', '3.9.9'].map(isSafeSqlite), [false, false, false, false]);
  assert.equal(['3.51.3', '3.53.4', '3.100.0', '4.0.0'].map(isSafeSqlite), [true, true, true, true]);
});

if (process.getuid?.() === 0) {
  const { uid, gid } = someUser;

  run('names the log that somebody else left beside it, and what to do', async () => {
    await using folder = await temporaryFolder();
    await chown(folder.path, uid, gid);
    const { db, file } = openDatabase(folder.join('tasks.sqlite'));
    db.close();
    for (const log of [`${file}-wal`, `${file}-shm`]) {
      await writeFile(log, '', { mode: 0o644 });
      await chown(log, 23_456, 23_457);
      const error = thrownAppError(() => asSomeUser(() => openDatabase(file)));
      assert.equal([error.code, error.exitCode], ['STT_DATABASE_PERMISSION', 77], error.message);
      assert.match(error.message, `User ${uid} may not write ${log} (of user 23456)`);
      assert.match(error.hint ?? '', `sudo chown ${uid}:${gid} ${log}`);
      await chown(log, uid, gid);
    }
    for (const log of [`${file}-wal`, `${file}-shm`]) await chown(log, 23_456, 23_457);
    const both = thrownAppError(() => asSomeUser(() => openDatabase(file)));
    assert.match(both.hint ?? '', `sudo chown ${uid}:${gid} ${file}-wal ${file}-shm &&`);
    for (const log of [`${file}-wal`, `${file}-shm`]) await chown(log, uid, gid);
    asSomeUser(() => openDatabase(file)).db.close();
  });

  run('lets who may only read it read it, beside a server', async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o755);
    const { db, file } = openDatabase(folder.join('tasks.sqlite'));
    for (const ending of ['', '-wal', '-shm']) await chmod(file + ending, 0o644);
    asSomeUser(() => {
      const reader = openDatabase(file, { isChecked: false }).db;
      assert.is(pragma(reader, 'user_version'), 3);
      reader.close();
    });
    db.close();
  });
} else {
  run('NOT TRIED: only root can do it as somebody else', () => assert.ok(process.getuid?.() !== 0));
}

run.run();
