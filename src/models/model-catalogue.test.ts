import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import {
  catalogueSchema,
  defaultVadModel,
  findModel,
  readCatalogue,
  readModel,
  requireModel,
} from './model-catalogue.ts';

const run = suite('model catalogue');

const catalogue = readCatalogue();

run('knows every official model, each by one digest', () => {
  assert.is(catalogue.length, 37);
  for (const { name, file, sha256, sha1, url, bundled, sizeBytes, memoryBytes } of catalogue) {
    assert.is(file, `ggml-${name}.bin`);
    assert.ok((sha256 === undefined) !== (sha1 === undefined), name);
    assert.ok((url === undefined) !== (bundled === undefined), name);
    if (url !== undefined)
      assert.match(url, new RegExp(`^https://huggingface\\.co/[^/]+/[^/]+/resolve/[0-9a-f]{40}/${file}$`, 'u'));
    assert.ok(memoryBytes > sizeBytes, name);
  }
  const digests = catalogue.map(({ sha256, sha1 }) => sha256 ?? sha1);
  assert.is(new Set(digests).size, catalogue.length);
});

run('a quantised model is smaller than its origin in every way', () => {
  for (const model of catalogue) {
    const origin = findModel(catalogue, model.name.replace(/-q\d_\d$/u, ''));
    if (origin === undefined || origin === model) continue;
    assert.ok(model.sizeBytes < origin.sizeBytes && model.memoryBytes < origin.memoryBytes, model.name);
    assert.equal([model.languages, model.relativeSpeed], [origin.languages, origin.relativeSpeed]);
  }
});

run('takes a name as people write it', () => {
  for (const name of ['medium', 'ggml-medium', 'ggml-medium.bin', 'medium.bin', 'Medium']) {
    assert.is(findModel(catalogue, name)?.name, 'medium', name);
  }
  assert.is(findModel(catalogue, 'silero')?.name, defaultVadModel);
  assert.is(findModel(catalogue, '../ggml-medium.bin'), undefined);
  assert.is(findModel(catalogue, ''), undefined);
});

run('says what was probably meant', async () => {
  const error = await rejects(
    Promise.resolve().then(() => requireModel(catalogue, 'ggml-mediun.bin')),
    /There is no model "mediun"/u,
  );
  assert.match(String(error['hint']), /Did you mean medium\?/u);
  assert.equal([error['code'], error['exitCode']], ['STT_MODEL_UNKNOWN', 2]);
});

run('the bundled one comes with its full path', () => {
  assert.match(readModel('demo-digits').bundled, /^\/.*whisper\/demo-model\/.*\.gz$/u);
  assert.equal(findModel(catalogue, 'demo-digits')?.languages, ['en', 'de', 'fr', 'es']);
});

run('takes neither a model without a digest nor a file that is elsewhere', () => {
  const model = { kind: 'speech', purpose: '', file: 'ggml-x.bin', sizeBytes: 1, languages: 'all', memoryBytes: 1 };
  const isTaken = (more: object): boolean =>
    catalogueSchema.safeParse({ sources: {}, models: { x: { ...model, ...more } } }).success;
  const sha256 = 'a'.repeat(64);
  assert.is(isTaken({ sha256 }), true);
  assert.is(isTaken({ sha1: 'a'.repeat(40) }), true);
  assert.is(isTaken({}), false);
  assert.is(isTaken({ sha256: 'a'.repeat(40) }), false);
  assert.is(isTaken({ sha256, file: '../ggml-x.bin' }), false);
});

run.run();
