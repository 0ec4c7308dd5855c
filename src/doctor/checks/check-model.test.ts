import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder, type TemporaryFolder } from '../../../test/support/temporary-folder.ts';
import { installBundledModel } from '../../models/bundled-model.ts';
import { readModel } from '../../models/model-catalogue.ts';
import { verifyModel } from '../../models/verify-model.ts';
import { checkModel } from './check-model.ts';

const run = suite('check model');

const model = readModel('demo-digits');

const look = (folder: TemporaryFolder, file: string, isRead = true, onProgress?: (fraction: number) => void) =>
  checkModel({
    file: path.join(folder.path, file),
    modelsFolder: folder.path,
    shortPath: (file) => path.basename(file),
    isRead,
    ...(onProgress === undefined ? {} : { onProgress }),
    signal: new AbortController().signal,
  });

run('knows the very file, tells how far it has read, and leaves nothing behind', async () => {
  await using folder = await temporaryFolder();
  await installBundledModel(model, folder.path);
  const before = await readdir(folder.path);
  const read: number[] = [];
  const checked = await look(folder, model.file, true, (fraction) => read.push(fraction));
  assert.is(checked.found, 'ggml-demo-digits.bin, 7 MB, is demo-digits of the catalogue');
  assert.is(checked.status, 'ok');
  assert.is('value' in checked ? checked.value.sha256 : '', model.sha256);
  assert.is(read.at(-1), 1);
  assert.equal(await readdir(folder.path), before);
});

run('fails where it is cut, or where a bit has changed since it was last read', async () => {
  await using folder = await temporaryFolder();
  const { file } = await installBundledModel(model, folder.path);
  const bytes = await readFile(file);
  bytes[1_000_000] = (bytes[1_000_000] ?? 0) ^ 1;
  await writeFile(file, bytes);
  const changed = await look(folder, model.file);
  assert.is(changed.status, 'fail');
  assert.match(changed.found, /damaged, or another one than its name says \([0-9a-f]{64}; it should be SHA-256 /u);
  assert.is('exitCode' in changed ? changed.exitCode : 0, 78);
  assert.match('fix' in changed ? (changed.fix ?? '') : '', 'stt models download demo-digits');
  await truncate(file, 1000);
  for (const isRead of [true, false]) {
    const cut = await look(folder, model.file, isRead);
    assert.is('code' in cut ? cut.code : '', 'STT_MODEL_DAMAGED');
    assert.match(cut.found, /\(1000 bytes; it should be \d+ bytes\)/u);
  }
});

run('warns of one that is not in the catalogue', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('my-own.bin'), 'weights');
  const checked = await look(folder, 'my-own.bin');
  assert.is(checked.status, 'warn');
  assert.is('value' in checked ? checked.value.sha256?.length : 0, 64);
});

run('reads nothing when it has to be quick, and says so; what is known already is told', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('other'));
  const { file } = await installBundledModel(model, folder.path);
  assert.match((await look(folder, model.file, false)).found, 'not read (--quick)');
  await verifyModel(file, { catalogue: [model], modelsFolder: folder.path });
  assert.match((await look(folder, model.file, false)).found, 'of the catalogue');
});

run.run();
