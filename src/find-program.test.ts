import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { findProgram } from './find-program.ts';

const run = suite('findProgram');

run('takes the first on PATH that is a file and may be executed', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('a/tool'), { recursive: true });
  await mkdir(folder.join('b'));
  await mkdir(folder.join('c'));
  await writeFile(folder.join('c/tool'), '', { mode: 0o755 });
  await symlink('nowhere', folder.join('b/tool'));
  const searchPath = ['a', 'b', 'no-such-folder', 'c'].map((name) => folder.join(name)).join(path.delimiter);
  assert.equal(await findProgram('tool', searchPath), { kind: 'found', file: folder.join('c/tool') });
  assert.equal(await findProgram('other', searchPath), { kind: 'missing' });
  await chmod(folder.join('c/tool'), 0o644);
  assert.equal(await findProgram('tool', searchPath), { kind: 'forbidden' });
});

run('takes a path from the folder where the program will run, and does not search for it', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('bin'));
  await writeFile(folder.join('bin/tool'), '', { mode: 0o755 });
  assert.equal(await findProgram('bin/tool', '', folder.path), { kind: 'found', file: folder.join('bin/tool') });
  assert.equal(await findProgram('./tool', folder.join('bin'), folder.path), { kind: 'missing' });
});

run.run();
