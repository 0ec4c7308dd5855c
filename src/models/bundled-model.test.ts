import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { installBundledModel } from './bundled-model.ts';
import { readModel } from './model-catalogue.ts';

const run = suite('bundled model');

const model = readModel('demo-digits');

run('is unpacked once, and left alone afterwards', async () => {
  await using folder = await temporaryFolder();
  const first = await installBundledModel(model, folder.join('models'));
  assert.is(first.isNew, true);
  assert.is((await stat(first.file)).size, model.sizeBytes);
  assert.is((await readFile(first.file)).toString('latin1', 0, 4), 'lmgg');
  const { mtimeMs } = await stat(first.file);
  assert.equal(await installBundledModel(model, folder.join('models')), { file: first.file, isNew: false });
  assert.is((await stat(first.file)).mtimeMs, mtimeMs);
});

run('is unpacked again where the unpacked one is cut', async () => {
  await using folder = await temporaryFolder();
  const { file } = await installBundledModel(model, folder.path);
  await truncate(file, 1000);
  assert.is((await installBundledModel(model, folder.path)).isNew, true);
  assert.is((await stat(file)).size, model.sizeBytes);
});

run('is refused where the bundled file is cut, changed or gone', async () => {
  await using folder = await temporaryFolder();
  const whole = await readFile(model.bundled);
  const bundled = folder.join('bundled.gz');
  const isRefused = async (): Promise<void> => {
    const error = await rejects(
      installBundledModel({ ...model, bundled }, folder.path),
      /bundled model .* is damaged/u,
    );
    assert.is(error['code'], 'STT_MODEL_DAMAGED');
    assert.is(error['exitCode'], 65);
    await rejects(stat(folder.join(model.file)), /ENOENT/u);
  };
  await isRefused();
  await writeFile(bundled, whole.subarray(0, whole.length / 2));
  await isRefused();
  const middle = Math.floor(whole.length / 2);
  whole[middle] = (whole[middle] ?? 0) ^ 1;
  await writeFile(bundled, whole);
  await isRefused();
});

run('says what it is for', () => {
  assert.match(model.purpose, /^for demo and tests only/u);
});

run.run();
