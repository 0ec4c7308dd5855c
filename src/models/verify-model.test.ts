import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { type TemporaryFolder, temporaryFolder } from '../../test/support/temporary-folder.ts';
import { runChild } from '../run-child.ts';
import { medium, mediumBytes, old, oldBytes, smallCatalogue } from './testing/small-models.ts';
import { keepVerified, knownVerification, type Verification, verifyModel } from './verify-model.ts';

const run = suite('verify model');

const verifyIn = (folder: TemporaryFolder, name: string, more: object = {}): Promise<Verification> =>
  verifyModel(folder.join(name), { catalogue: smallCatalogue, modelsFolder: folder.path, ...more });

run('tells the right one, by SHA-256 or by SHA-1, wherever it lies', async () => {
  await using folder = await temporaryFolder();
  await using elsewhere = await temporaryFolder();
  await writeFile(folder.join(medium.file), mediumBytes);
  await writeFile(elsewhere.join(old.file), oldBytes);
  await writeFile(folder.join('renamed.bin'), mediumBytes);
  assert.equal(await verifyIn(folder, medium.file), { kind: 'verified', model: medium });
  const options = { catalogue: smallCatalogue, modelsFolder: folder.path };
  assert.equal(await verifyModel(elsewhere.join(old.file), options), { kind: 'verified', model: old });
  assert.equal(await verifyIn(folder, 'renamed.bin'), { kind: 'verified', model: medium });
});

run('tells a missing one, a changed one and one of another size', async () => {
  await using folder = await temporaryFolder();
  assert.equal(await verifyIn(folder, medium.file), { kind: 'missing' });
  assert.equal(await verifyIn(folder, `${medium.file}/x`), { kind: 'missing' });
  const changed = Buffer.from(mediumBytes);
  changed[1000] = 0;
  await writeFile(folder.join(medium.file), changed);
  const wrong = await verifyIn(folder, medium.file);
  assert.is(wrong.kind === 'wrong' && wrong.expected, `SHA-256 ${medium.sha256 ?? ''}`);
  await writeFile(folder.join(medium.file), mediumBytes.subarray(1));
  const cut = await verifyIn(folder, medium.file);
  assert.equal(cut.kind === 'wrong' && [cut.expected, cut.found], ['210000 bytes', '209999 bytes']);
  await writeFile(folder.join(old.file), Buffer.alloc(oldBytes.length));
  assert.match(JSON.stringify(await verifyIn(folder, old.file)), /"expected":"SHA-1 /u);
});

run("shows the SHA-256 of somebody's own", async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('ggml-own.bin'), '');
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  assert.equal(await verifyIn(folder, 'ggml-own.bin'), { kind: 'unknown', sha256: empty });
});

run('reads a file once, and again where it was touched or it is asked to', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join(medium.file);
  await writeFile(file, mediumBytes);
  let reads = 0;
  const onProgress = (): void => {
    reads += 1;
  };
  const isRead = async (more: object = {}): Promise<boolean> => {
    reads = 0;
    await verifyIn(folder, medium.file, { onProgress, ...more });
    return reads > 0;
  };
  assert.is(await isRead(), true);
  assert.is(await isRead(), false);
  assert.is(await isRead({ isThorough: true }), true);

  // Bytes that change behind the back of the modification time.
  await utimes(file, 1e9, 1e9);
  await verifyIn(folder, medium.file);
  const changed = Buffer.from(mediumBytes);
  changed[1000] = 0;
  await writeFile(file, changed);
  await utimes(file, 1e9, 1e9);
  assert.is((await verifyIn(folder, medium.file)).kind, 'wrong');
  await writeFile(file, mediumBytes);
  assert.is((await verifyIn(folder, medium.file)).kind, 'verified');
});

run('a damaged record of what was found only costs time', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join(medium.file), mediumBytes);
  await verifyIn(folder, medium.file);
  const kept = await readFile(folder.join('verified.json'), 'utf8');
  assert.match(kept, medium.sha256 ?? '');
  for (const damaged of ['', '{', '{"files":[]}', kept.slice(0, -20), kept.replace(/"digest": "."/u, '"digest": 7')]) {
    await writeFile(folder.join('verified.json'), damaged);
    assert.is((await verifyIn(folder, medium.file)).kind, 'verified');
  }
  await rm(folder.join('verified.json'));
  // Where nothing can be kept, a folder being in the way, it is found out all the same.
  await using other = await temporaryFolder();
  const options = { catalogue: smallCatalogue, modelsFolder: other.join('not', 'there') };
  assert.is((await verifyModel(folder.join(medium.file), options)).kind, 'verified');
});

run('a folder that has the name of a model is said before anything is fetched', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join(medium.file));
  const error = await rejects(verifyIn(folder, medium.file), /is a directory; the model cannot take its place/u);
  assert.is(error['exitCode'], 78);
});

run('refuses what is no file, before it is read', async () => {
  await using folder = await temporaryFolder();
  for (const name of [medium.file, 'ggml-own.bin']) {
    await runChild({ file: 'mkfifo', args: [folder.join(name)] });
    const error = await rejects(verifyIn(folder, name), /is no regular file; the model cannot take its place/u);
    assert.equal([error['code'], error['exitCode']], ['STT_MODEL_BLOCKED', 78]);
  }
});

run('says without reading what is known', async () => {
  await using folder = await temporaryFolder();
  const file = folder.join(medium.file);
  const known = (): Promise<Verification | undefined> =>
    knownVerification(file, { catalogue: smallCatalogue, modelsFolder: folder.path });
  assert.equal(await known(), { kind: 'missing' });
  await writeFile(file, mediumBytes.subarray(1));
  assert.is((await known())?.kind, 'wrong');
  await writeFile(file, mediumBytes);
  assert.is(await known(), undefined);
  await keepVerified(file, medium, folder.path);
  assert.is((await known())?.kind, 'verified');
});

run('ends when it is stopped', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join(medium.file), mediumBytes);
  await rejects(verifyIn(folder, medium.file, { signal: AbortSignal.abort(new Error('stopped')) }), /stopped/u);
});

run.run();
