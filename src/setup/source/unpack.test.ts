import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { create, Header } from 'tar';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../../test/support/rejects.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { unpack } from './unpack.ts';

const run = suite('unpack');

type Entry = { path: string; type?: 'File' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO'; linkpath?: string };

/** An archive as no honest program writes it. */
async function writeArchive(file: string, entries: readonly Entry[]): Promise<void> {
  const blocks = entries.map(({ path, type = 'File', linkpath = '' }) => {
    const block = Buffer.alloc(512);
    new Header({ path, type, linkpath, size: 0, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) }).encode(block);
    return block;
  });
  await writeFile(file, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])));
}

run('unpacks files and directories, and leaves links out', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('tree/src'), { recursive: true });
  await mkdir(folder.join('out'));
  await writeFile(folder.join('tree/src/a.c'), 'int a;');
  await symlink('src/a.c', folder.join('tree/link.c'));
  await create({ file: folder.join('a.tar.gz'), gzip: true, cwd: folder.path }, ['tree']);
  await unpack(folder.join('a.tar.gz'), folder.join('out'));
  assert.is(await readFile(folder.join('out/tree/src/a.c'), 'utf8'), 'int a;');
  assert.equal(await readdir(folder.join('out/tree')), ['src']);
});

const hostile: Record<string, Entry[]> = {
  'a path that climbs out': [{ path: 'tree/../../evil' }],
  'an absolute path': [{ path: '/tmp/evil' }],
  'a link to another place': [
    { path: 'tree/link', type: 'SymbolicLink', linkpath: '/etc' },
    { path: 'tree/link/evil' },
  ],
  'a link that climbs out': [{ path: 'tree/link', type: 'SymbolicLink', linkpath: '../../x' }],
  'a hard link that climbs out': [{ path: 'tree/link', type: 'Link', linkpath: '../x' }],
  'a device': [{ path: 'tree/null', type: 'CharacterDevice' }],
  'a pipe': [{ path: 'tree/pipe', type: 'FIFO' }],
  'nothing at all': [],
};
for (const [what, entries] of Object.entries(hostile)) {
  run(`refuses an archive with ${what}, before anything is written`, async () => {
    await using folder = await temporaryFolder();
    await mkdir(folder.join('out'));
    await writeArchive(
      folder.join('a.tar.gz'),
      [{ path: 'tree/good' }, ...entries].slice(entries.length === 0 ? 1 : 0),
    );
    const error = await rejects(unpack(folder.join('a.tar.gz'), folder.join('out')), /is refused/u);
    assert.is(error['code'], 'STT_ARCHIVE');
    assert.is(error['exitCode'], 65);
    assert.equal(await readdir(folder.join('out')), []);
    await rejects(lstat(folder.join('evil')), /ENOENT/u);
  });
}

run('refuses what is no archive, and an archive that is cut', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('out'));
  await mkdir(folder.join('tree'));
  await writeFile(
    folder.join('tree/a'),
    Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7919) % 251)),
  );
  await create({ file: folder.join('whole.tar.gz'), gzip: true, cwd: folder.path }, ['tree']);
  const whole = await readFile(folder.join('whole.tar.gz'));
  await writeFile(folder.join('cut.tar.gz'), whole.subarray(0, whole.length / 2));
  await writeFile(folder.join('text.tar.gz'), 'this is no archive'.repeat(100));
  for (const name of ['cut.tar.gz', 'text.tar.gz']) {
    const error = await rejects(unpack(folder.join(name), folder.join('out')), /is refused/u);
    assert.is(error['exitCode'], 65);
  }
});

run.run();
