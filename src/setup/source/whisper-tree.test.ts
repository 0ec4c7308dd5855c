import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { makeTinyWhisper } from '../../../test/support/tiny-whisper.ts';
import { copyTree, findWhisperTree, treeDigest, whisperVersion } from './whisper-tree.ts';

const run = suite('whisper tree');

run('knows whisper.cpp and its version by its CMakeLists.txt', () => {
  assert.is(whisperVersion('project("whisper.cpp" C CXX)\nproject("whisper.cpp" VERSION 1.9.5)'), '1.9.5');
  assert.is(whisperVersion('project( whisper.cpp\n  VERSION 2.0 )'), '2.0');
  assert.is(whisperVersion('project("whisper.cpp" C CXX)'), 'unknown');
  assert.is(whisperVersion('# project("whisper.cpp")\nproject("llama.cpp" VERSION 1.0)'), undefined);
  assert.is(whisperVersion(''), undefined);
});

run('is found in the folder itself, one level below, and where npm keeps it', async () => {
  for (const place of ['.', 'whisper.cpp-1.9.5', 'package/cpp/whisper.cpp', 'cpp/whisper.cpp']) {
    await using folder = await temporaryFolder();
    await makeTinyWhisper(folder.join(place));
    assert.equal(await findWhisperTree(folder.path), { folder: folder.join(place), version: '9.9.9' });
  }
});

run('is not found where there is only another project', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('llama.cpp'));
  await writeFile(folder.join('llama.cpp/CMakeLists.txt'), 'project("llama.cpp" C CXX)');
  await mkdir(folder.join('deep/er/whisper.cpp'), { recursive: true });
  await writeFile(folder.join('deep/er/whisper.cpp/CMakeLists.txt'), 'project("whisper.cpp")');
  assert.is(await findWhisperTree(folder.path), undefined);
});

run('has an identity that only its own files decide', async () => {
  await using folder = await temporaryFolder();
  const tree = folder.join('tree');
  await makeTinyWhisper(tree);
  const digest = await treeDigest(tree);
  await mkdir(`${tree}/build`);
  await writeFile(`${tree}/build/CMakeCache.txt`, 'x');
  await mkdir(`${tree}/.git`);
  await writeFile(`${tree}/.git/HEAD`, 'x');
  assert.is(await treeDigest(tree), digest);
  await writeFile(`${tree}/cli.c`, `${await readFile(`${tree}/cli.c`, 'utf8')} `);
  assert.is.not(await treeDigest(tree), digest);
});

run('is copied without what was built in it, its history, and links', async () => {
  await using folder = await temporaryFolder();
  const tree = folder.join('tree');
  await makeTinyWhisper(tree);
  const names = await readdir(tree);
  await mkdir(`${tree}/build`);
  await writeFile(`${tree}/build/CMakeCache.txt`, 'x');
  await mkdir(`${tree}/.git`);
  await writeFile(`${tree}/.git/HEAD`, 'x');
  await symlink('/etc/passwd', `${tree}/link`);
  await copyTree(tree, folder.join('copy'));
  assert.equal(await readdir(folder.join('copy')), names);
  assert.is(await treeDigest(folder.join('copy')), await treeDigest(tree));
});

run.run();
