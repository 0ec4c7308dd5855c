import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../test/support/rejects.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { CatalogueModel } from '../models/model-catalogue.ts';
import { requireVerifiedModels } from './require-verified-models.ts';

const run = suite('verified models');

const content = 'a model';
const listed: CatalogueModel = {
  name: 'medium',
  kind: 'speech',
  purpose: 'for this test',
  file: 'ggml-medium.bin',
  sizeBytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
  languages: 'all',
  memoryBytes: 1,
  relativeSpeed: 1,
  url: undefined,
  bundled: undefined,
};

run('lets models of the catalogue pass that are themselves, and those that it does not know', async () => {
  await using folder = await temporaryFolder();
  const options = { catalogue: [listed], modelsFolder: folder.path, signal: new AbortController().signal };
  const [modelFile, vadModelFile] = [folder.join('ggml-medium.bin'), folder.join('ggml-mine.bin')];
  await writeFile(modelFile, content);
  await writeFile(vadModelFile, 'anything');
  await requireVerifiedModels({ modelFile, vadModelFile }, options);
});

run('refuses one that only has the name, be it the VAD model', async () => {
  await using folder = await temporaryFolder();
  const options = { catalogue: [listed], modelsFolder: folder.path, signal: new AbortController().signal };
  const [mine, medium] = [folder.join('ggml-mine.bin'), folder.join('ggml-medium.bin')];
  await writeFile(mine, 'anything');
  for (const wrong of ['a m0del', 'cut', '<html>Not found</html>']) {
    await writeFile(medium, wrong);
    for (const files of [
      { modelFile: medium, vadModelFile: undefined },
      { modelFile: mine, vadModelFile: medium },
    ]) {
      const error = await rejects(
        requireVerifiedModels(files, options),
        /ggml-medium\.bin is damaged, or another one/u,
      );
      assert.equal([error['code'], error['exitCode']], ['STT_MODEL_DAMAGED', 78]);
      assert.match(String(error['hint']), 'stt models download medium');
    }
  }
});

run.run();
