import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../../../src/app-error.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { isSafeSqlite, openDatabase } from './open-database.ts';

const run = suite('openDatabase');

const pragma = (db: DatabaseSync, name: string): unknown => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];

function errorOf(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected an AppError');
}

run('makes a database whose commits are durable, and the folders to it', async () => {
  await using folder = await temporaryFolder();
  const { db, file, foreignFile } = openDatabase(folder.join('deep', 'down', 'tasks.sqlite'));
  assert.is(foreignFile, undefined);
  assert.is(file, folder.join('deep', 'down', 'tasks.sqlite'));
  assert.equal(
    ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout', 'user_version'].map((name) => pragma(db, name)),
    ['wal', 2, 1, 1000, 2],
  );
  db.close();
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
  const error = errorOf(() => openDatabase(file));
  assert.match(error.message, 'newer version of stt');
  assert.is(error.exitCode, 78);
});

run('says what to do when the database cannot be a file', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('tasks.sqlite'));
  const error = errorOf(() => openDatabase(folder.join('tasks.sqlite')));
  assert.match(error.message, /EISDIR/u);
  assert.match(error.hint ?? '', /--database/u);
});

run('knows which SQLite may lose data', () => {
  assert.equal(['3.51.2', '3.50.9', '2.99.0', '3.9.9'].map(isSafeSqlite), [false, false, false, false]);
  assert.equal(['3.51.3', '3.53.4', '3.100.0', '4.0.0'].map(isSafeSqlite), [true, true, true, true]);
});

run.run();
