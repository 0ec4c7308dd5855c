import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AppError } from '../../../src/app-error.ts';
import { asSomeUser, someUser } from '../../../test/support/as-user.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { thrown, thrownAppError } from '../../../test/support/thrown.ts';
import { holdDatabase } from './hold-database.ts';
import { isTaken, passingTrouble } from './passing-trouble.ts';

const hold = suite('holdDatabase');

hold('says that another server has it, and only then', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('tasks.sqlite');
  const first = holdDatabase(file);
  const taken = thrownAppError(() => holdDatabase(file));
  assert.match(taken.message, /^Another server uses/u);
  assert.is(taken.exitCode, 78);
  first.release();
  holdDatabase(file).release();

  // A disk that is not mounted.
  const away = thrownAppError(() => holdDatabase(folder.join('away/tasks.sqlite')));
  assert.match(away.message, /cannot be opened now.*ENOENT/u);
  assert.is(away.exitCode, 75);
  // The same, seen by SQLite itself.
  if (process.getuid?.() !== 0) return;
  await symlink(folder.join('away/lock'), folder.join('other.sqlite.lock'));
  assert.is(thrownAppError(() => holdDatabase(folder.join('other.sqlite'))).exitCode, 75);
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

if (process.getuid?.() === 0) {
  const { uid, gid } = someUser;

  hold('names the lock where that is not ours, and does not take one that can only be read', async () => {
    await using folder = await temporaryFolder();
    await chown(folder.path, uid, gid);
    const file = folder.join('tasks.sqlite');
    const lock = `${file}.lock`;
    await writeFile(file, '');
    await chown(file, uid, gid);
    await writeFile(lock, '');
    for (const mode of [0o600, 0o644]) {
      await chmod(lock, mode);
      const error = thrownAppError(() => asSomeUser(() => holdDatabase(file)));
      assert.equal([error.code, error.exitCode], ['STT_DATABASE_PERMISSION', 77]);
      assert.match(error.message, `User ${uid} may not write ${lock} (of user 0)`);
      assert.match(error.hint ?? '', `sudo chown ${uid}:${gid} ${lock}`);
    }
    await chown(lock, uid, gid);
    asSomeUser(() => holdDatabase(file)).release();
    // Somebody else than the service.
    await chmod(folder.path, 0o755);
    await chown(file, 0, 0);
    await chown(lock, 0, 0);
    const stranger = thrownAppError(() => asSomeUser(() => holdDatabase(file)));
    assert.match(stranger.hint ?? '', /^Do this as user 0/u);
  });

  hold('says where the lock cannot be made', async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o755);
    const error = thrownAppError(() => asSomeUser(() => holdDatabase(folder.join('tasks.sqlite'))));
    assert.is(error.exitCode, 77);
    assert.match(error.message, `permission denied, open '${folder.join('tasks.sqlite.lock')}'`);
    assert.match(error.hint ?? '', `Let this user write in ${folder.path},`);
  });

  hold('a file that may only be read is no full disk, also where root only works for somebody else', async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o755);
    const file = folder.join('tasks.sqlite');
    await writeFile(file, '', { mode: 0o644 });
    const error = Object.assign(new Error('attempt to write a readonly database'), { errcode: 8 });
    assert.is(
      asSomeUser(() => passingTrouble(file, error)),
      undefined,
    );
    assert.is(passingTrouble(file, error)?.exitCode, 74);
  });
} else {
  hold('NOT TRIED: only root can do it as somebody else', () => assert.ok(process.getuid?.() !== 0));
}

hold.run();
