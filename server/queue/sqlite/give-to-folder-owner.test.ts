import { chown, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { openStore } from '../open-store.ts';
import { makeFolder, makeForFolderOwner } from './give-to-folder-owner.ts';
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

  give('also where several folders were not there, and a link is not followed', async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.join('theirs'));
    await chown(folder.join('theirs'), uid, gid);
    makeFolder(folder.join('theirs', 'a', 'b'));
    assert.equal(
      [await ownersIn(folder.join('theirs')), await ownersIn(folder.join('theirs', 'a'))],
      [{ a: `${uid}:${gid}` }, { b: `${uid}:${gid}` }],
    );
    await symlink(folder.join('elsewhere'), folder.join('theirs', 'link'));
    makeForFolderOwner(folder.join('theirs', 'link'));
    assert.not((await readdir(folder.path)).includes('elsewhere'));
  });

  give('stays root’s where the folder is', async () => {
    await using folder = await temporaryFolder();
    makeFolder(folder.join('a', 'b'));
    makeForFolderOwner(folder.join('a', 'file'));
    assert.equal([await ownersIn(folder.path), await ownersIn(folder.join('a'))], [{ a: '0:0' }, { b: '0:0' }]);
  });
} else {
  give('NOT TRIED: only root can make files for others', () => assert.ok(process.getuid?.() !== 0));
}

give.run();
