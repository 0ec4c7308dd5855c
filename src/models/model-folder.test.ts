import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { processStart } from '../process-start.ts';
import { listModels } from './model-folder.ts';
import { planRemoval, removeModel, type RemovalRequest } from './remove-model.ts';
import { medium, mediumBytes, old, smallCatalogue } from './testing/small-models.ts';
import { verifyModel } from './verify-model.ts';

const run = suite('models folder');

async function statesIn(folder: TemporaryFolder, inUse: string[] = []): Promise<string[]> {
  const listed = await listModels(smallCatalogue, folder.path, inUse);
  return listed.map(({ name, state, isInUse }) => `${name} ${state}${isInUse ? ' in use' : ''}`);
}

run('lists what could be there, what is there, and what is not of the catalogue', async () => {
  await using folder = await temporaryFolder();
  assert.equal(await listModels(smallCatalogue, folder.join('nowhere'), []).then((all) => all.length), 2);
  assert.equal(await statesIn(folder, [folder.join(medium.file)]), ['medium absent in use', 'old absent']);

  await writeFile(folder.join(`${medium.file}.part`), 'half');
  await writeFile(folder.join('ggml-own.bin'), 'own');
  await writeFile(folder.join('notes.txt'), '');
  await mkdir(folder.join(old.file));
  assert.equal(await statesIn(folder), ['medium partial', 'old absent', 'own downloaded']);

  await writeFile(folder.join(medium.file), mediumBytes);
  assert.is((await statesIn(folder))[0], 'medium downloaded');
  await verifyModel(folder.join(medium.file), { catalogue: smallCatalogue, modelsFolder: folder.path });
  assert.is((await statesIn(folder))[0], 'medium verified');
  await writeFile(folder.join(medium.file), mediumBytes.subarray(1));
  assert.is((await statesIn(folder))[0], 'medium wrong');
});

const removal = (folder: TemporaryFolder, more: Partial<RemovalRequest> = {}): RemovalRequest => ({
  name: 'medium',
  catalogue: smallCatalogue,
  modelsFolder: folder.path,
  inUse: {},
  isForced: false,
  nowMs: Date.now(),
  ...more,
});

run('removes a model with its parts and what was known of it, and nothing else', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join(medium.file), mediumBytes);
  await writeFile(folder.join('ggml-own.bin'), 'own');
  for (const left of ['part', 'part.json', 'import']) await writeFile(folder.join(`${medium.file}.${left}`), 'left');
  await verifyModel(folder.join(medium.file), { catalogue: smallCatalogue, modelsFolder: folder.path });
  const planned = await planRemoval(removal(folder, { name: 'ggml-medium.bin' }));
  assert.equal([planned.name, planned.files.length, planned.sizeBytes], ['medium', 4, mediumBytes.length + 12]);
  assert.is((await readdir(folder.path)).length, 6);
  await removeModel(planned, folder.path);
  assert.equal((await readdir(folder.path)).toSorted(), ['ggml-own.bin', 'verified.json']);
  assert.equal((await planRemoval(removal(folder))).files, []);
  assert.equal((await planRemoval(removal(folder, { name: 'own' }))).files, [folder.join('ggml-own.bin')]);
});

run('keeps the one in use, one that is being downloaded, and what a link names', async () => {
  await using folder = await temporaryFolder();
  await using elsewhere = await temporaryFolder();
  await writeFile(elsewhere.join('target'), mediumBytes);
  const file = folder.join(medium.file);
  await symlink(elsewhere.join('target'), file);
  const inUse = { STT_MODEL: file };
  const error = await rejects(planRemoval(removal(folder, { inUse })), /medium is in use: STT_MODEL names it/u);
  assert.equal([error['code'], error['exitCode']], ['STT_MODEL_IN_USE', 2]);

  const holder = { host: hostname(), pid: process.pid, start: processStart(process.pid), since: 'now' };
  await writeFile(`${file}.lock`, JSON.stringify(holder));
  await rejects(planRemoval(removal(folder)), /is being downloaded/u);
  await rm(`${file}.lock`);

  await removeModel(await planRemoval(removal(folder, { inUse, isForced: true })), folder.path);
  assert.equal([await readdir(folder.path), await readdir(elsewhere.path)], [[], ['target']]);
});

run('says where a directory has the name of the model, or of a part of it', async () => {
  for (const [name, blocked] of [
    ['medium', medium.file],
    ['medium', `${medium.file}.part`],
    ['own', 'ggml-own.bin'],
  ] as const) {
    await using folder = await temporaryFolder();
    await mkdir(folder.join(blocked));
    const error = await rejects(planRemoval(removal(folder, { name })), /is a directory; the model cannot take its/u);
    assert.equal([error['code'], error['exitCode']], ['STT_MODEL_BLOCKED', 78]);
  }
});

run('does not leave the folder, whatever the name', async () => {
  await using folder = await temporaryFolder();
  await using elsewhere = await temporaryFolder();
  await writeFile(elsewhere.join('ggml-x.bin'), '');
  for (const name of [elsewhere.join('ggml-x.bin'), '../x', '']) {
    const error = await rejects(planRemoval(removal(folder, { name })), /There is no model/u);
    assert.is(error['exitCode'], 2);
  }
});

run.run();
