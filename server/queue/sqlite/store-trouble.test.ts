import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { thrown } from '../../../test/support/thrown.ts';
import { openDatabase } from './open-database.ts';
import { isStoreTrouble } from './store-trouble.ts';

const run = suite('isStoreTrouble');

run('tells a full disk and a locked database from faults of ours', async () => {
  await using folder = await temporaryFolder();
  const { db, file } = openDatabase(folder.join('tasks.sqlite'));
  const { db: rival } = openDatabase(file);
  rival.exec('BEGIN IMMEDIATE');
  assert.ok(isStoreTrouble(thrown(() => db.exec('BEGIN IMMEDIATE'))), 'locked');
  rival.exec('ROLLBACK');
  rival.close();

  db.exec('PRAGMA max_page_count = 1');
  assert.not.ok(isStoreTrouble(thrown(() => db.exec('CREATE TABLE more (x) STRICT'))), 'a fault');
  assert.ok(isStoreTrouble(thrown(() => db.exec('CREATE TABLE more (x ANY) STRICT'))), 'full');
  db.close();
});

run('knows the extended codes, and is not misled by other errors', () => {
  const extended = 10 + (3 << 8); // SQLITE_IOERR_WRITE
  assert.ok(isStoreTrouble(Object.assign(new Error('disk I/O error'), { errcode: extended })));
  assert.not.ok(isStoreTrouble(Object.assign(new Error('other'), { errcode: 'ENOSPC' })));
  assert.not.ok(isStoreTrouble(undefined));
});

run.run();
