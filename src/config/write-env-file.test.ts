import { once } from 'node:events';
import { chmod, chown, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { AppError } from '../app-error.ts';
import { packageFolder } from '../package-folder.ts';
import { runChild } from '../run-child.ts';
import { parseEnvText } from './env-file.ts';
import { writeEnvFile } from './write-env-file.ts';

const write = suite('writeEnvFile');

const read = (file: string): Promise<string> => readFile(file, 'utf8');
const modeOf = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;

async function failure(file: string, changes: Record<string, string>): Promise<AppError> {
  try {
    await writeEnvFile(file, changes);
  } catch (error) {
    return error as AppError;
  }
  throw new Error('it was written');
}

write('makes the file and its folder, closed to others, whatever the umask', async () => {
  await using folder = await temporaryFolder();
  const umask = process.umask(0);
  try {
    const file = folder.join('config', 'stt', 'worker.env');
    assert.equal(await writeEnvFile(file, { PASSWORD: 'a b' }, true), { names: ['PASSWORD'], isClosed: false });
    assert.equal(await readdir(folder.path), []);
    assert.equal(await writeEnvFile(file, { PASSWORD: 'a b' }), { names: ['PASSWORD'], isClosed: false });
    assert.match(await read(file), /^# Settings of the worker.*\nPASSWORD='a b'\n$/u);
    assert.is(await modeOf(file), 0o600);
    assert.is(await modeOf(folder.join('config', 'stt')), 0o700);
    assert.equal(await readdir(folder.join('config', 'stt')), ['worker.env']);
  } finally {
    process.umask(umask);
  }
});

write('closes a file that others could read, and says so; the same value writes nothing', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('worker.env');
  await writeFile(file, 'A=1\n');
  await chmod(file, 0o644);
  assert.equal(await writeEnvFile(file, { A: '1' }), { names: [], isClosed: true });
  assert.is(await modeOf(file), 0o600);
  const { ino, mtimeMs } = await stat(file);
  assert.equal(await writeEnvFile(file, { A: '1', B: undefined }), { names: [], isClosed: false });
  assert.equal([(await stat(file)).ino, (await stat(file)).mtimeMs], [ino, mtimeMs]);
  await chmod(file, 0o640);
  assert.equal(await writeEnvFile(file, { A: '2', C: '3' }), { names: ['A', 'C'], isClosed: true });
  assert.is(await modeOf(file), 0o600);
});

write('leaves a link in place and writes what it leads to, also where that is not there yet', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('dotfiles'));
  await symlink('dotfiles/stt.env', folder.join('worker.env'));
  for (const value of ['1', '2']) {
    await writeEnvFile(folder.join('worker.env'), { A: value });
    assert.ok((await lstat(folder.join('worker.env'))).isSymbolicLink());
    assert.match(await read(folder.join('dotfiles/stt.env')), `A=${value}\n`);
  }
});

write('follows a link behind a link, from the folder each really is in, and names links in a circle', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('real', 'deep'), { recursive: true });
  await symlink('real/deep', folder.join('short'));
  await symlink('short/second', folder.join('first'));
  await symlink('../third', folder.join('real', 'deep', 'second'));
  await symlink('new/worker.env', folder.join('real', 'third'));
  for (const value of ['1', '2']) {
    await writeEnvFile(folder.join('first'), { A: value });
    for (const link of ['first', 'real/deep/second', 'real/third']) {
      assert.ok((await lstat(folder.join(link))).isSymbolicLink(), link);
    }
    assert.match(await read(folder.join('real/new/worker.env')), `A=${value}\n`);
  }
  await symlink('round', folder.join('round'));
  assert.match((await failure(folder.join('round'), { A: '1' })).message, 'ELOOP');
});

write('loses no change of several that come at once, from one process or from others', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join('new', 'worker.env');
  const module = JSON.stringify(path.join(packageFolder, 'src', 'config', 'write-env-file.ts'));
  const changeIn = (name: string): Promise<unknown> =>
    runChild({
      file: process.execPath,
      args: [
        '--input-type=module',
        '-e',
        `import { writeEnvFile } from ${module};
        for (const at of [1, 2, 3, 4, 5]) await writeEnvFile(${JSON.stringify(file)}, { [${JSON.stringify(name)} + at]: '1' });`,
      ],
      cwd: folder.path,
      env: {},
    });
  const names = ['C', 'D', 'E', 'F', 'G'];
  const changes = await Promise.all([
    ...names.map((name) => writeEnvFile(file, { [name]: '1' })),
    ...['A', 'B'].map(changeIn),
  ]);
  assert.equal(
    changes.slice(0, names.length),
    names.map((name) => ({ names: [name], isClosed: false })),
  );
  const expected = [...names, ...['A', 'B'].flatMap((name) => [1, 2, 3, 4, 5].map((at) => `${name}${at}`))];
  assert.equal(Object.keys(parseEnvText(await read(file))).toSorted(), expected.toSorted());
  assert.equal(await readdir(folder.join('new')), ['worker.env']);
});

write('root changes the file of a user, and it stays theirs', async () => {
  if (process.getuid?.() !== 0) return;
  await using folder = await temporaryFolder();
  const file = folder.join('worker.env');
  await writeFile(file, 'A=1\n', { mode: 0o600 });
  await chown(file, 12_345, 12_346);
  await writeEnvFile(file, { A: '2' });
  const { uid, gid } = await stat(file);
  assert.equal([uid, gid, await modeOf(file)], [12_345, 12_346, 0o600]);
});

write('says what stands in the way, and changes nothing', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('folder'));
  assert.is((await failure(folder.join('folder'), { A: '1' })).code, 'STT_ENV_FILE');
  // Stands for /dev/null, which root could replace.
  const socket = createServer().listen(folder.join('socket'));
  await once(socket, 'listening');
  assert.match((await failure(folder.join('socket'), { A: '1' })).message, 'it is no file');
  assert.ok((await stat(folder.join('socket'))).isSocket());
  socket.close();
  await writeFile(folder.join('file'), 'plain');
  const beneath = await failure(folder.join('file', 'worker.env'), { A: '1' });
  assert.match(beneath.message, /^The settings file .* cannot be (read|written): ENOTDIR/u);
  const latin = Buffer.from([0x41, 0x3d, 0xfc, 0x0a]);
  await writeFile(folder.join('latin.env'), latin);
  assert.match((await failure(folder.join('latin.env'), { B: '1' })).message, 'is not UTF-8 text');
  assert.equal(await readFile(folder.join('latin.env')), latin);
  await writeFile(folder.join('worker.env'), 'A=1\n');
  assert.is((await failure(folder.join('worker.env'), { A: '2', B: 'a\0b' })).code, 'STT_ENV_VALUE');
  assert.is(await read(folder.join('worker.env')), 'A=1\n');
});

write.run();
