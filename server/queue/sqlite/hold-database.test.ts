import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../../../src/app-error.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { holdDatabase } from './hold-database.ts';
import { isTaken, passingTrouble } from './passing-trouble.ts';

const hold = suite('holdDatabase');

function errorOf(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected an AppError');
}

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}

hold('says that another server has it, and only then', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('tasks.sqlite');
  const first = holdDatabase(file);
  const taken = errorOf(() => holdDatabase(file));
  assert.match(taken.message, /^Another server uses/u);
  assert.is(taken.exitCode, 78);
  first.release();
  holdDatabase(file).release();

  // A disk that is not mounted.
  const away = errorOf(() => holdDatabase(folder.join('away/tasks.sqlite')));
  assert.match(away.message, /cannot be opened now.*ENOENT/u);
  assert.is(away.exitCode, 75);
  // The same, seen by SQLite itself.
  if (process.getuid?.() !== 0) return;
  await symlink(folder.join('away/lock'), folder.join('other.sqlite.lock'));
  assert.is(errorOf(() => holdDatabase(folder.join('other.sqlite'))).exitCode, 75);
});

hold('a full disk and one that is broken may be well later; what is no database will not', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('full.sqlite');
  using db = new DatabaseSync(file);
  db.exec('CREATE TABLE one (x ANY) STRICT; PRAGMA max_page_count = 1');
  const full = thrown(() => db.exec('CREATE TABLE more (x ANY) STRICT'));
  assert.is(passingTrouble(file, full)?.exitCode, 74);
  assert.not.ok(isTaken(full));
  const extended = Object.assign(new Error('disk I/O error'), { errcode: 10 + (3 << 8) });
  assert.is(passingTrouble(file, extended)?.exitCode, 74);
  const noRoom = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  assert.is(passingTrouble(file, noRoom)?.exitCode, 74);

  await writeFile(folder.join('text'), 'no database at all'.repeat(100));
  using text = new DatabaseSync(folder.join('text'));
  const wrong = thrown(() => text.exec('SELECT * FROM sqlite_schema'));
  assert.is(passingTrouble(folder.join('text'), wrong), undefined);
  await mkdir(folder.join('a.sqlite.lock'));
  const isFolder = thrown(() => holdDatabase(folder.join('a.sqlite')));
  assert.not.instance(isFolder, AppError);
});

hold.run();
