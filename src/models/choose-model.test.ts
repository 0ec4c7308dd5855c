import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backends } from '../backend.ts';
import { chooseModel, type ModelChoice } from './choose-model.ts';
import { findModel, readCatalogue } from './model-catalogue.ts';

const run = suite('choose model');

const gib = 1024 ** 3;
const catalogue = readCatalogue();

const chosen = (more: Partial<ModelChoice>): string =>
  chooseModel({ backend: 'cpu', memoryBytes: 16 * gib, physicalCores: 8, ...more }).name;

run('a card gets what fits in its own memory', () => {
  const name = (gpuGib: number): string => chosen({ backend: 'cuda', gpuMemoryBytes: gpuGib * gib });
  assert.equal([24, 8, 3.9, 2, 1.5, 1].map(name), [
    'large-v3-turbo',
    'large-v3-turbo',
    'large-v3-turbo',
    'large-v3-turbo-q5_0',
    'small',
    'base',
  ]);
});

run('a GPU that shares the memory gets what fits in half of it', () => {
  const name = (memoryGib: number): string => chosen({ backend: 'vulkan', memoryBytes: memoryGib * gib });
  assert.equal([16, 7.6, 4, 2].map(name), ['large-v3-turbo', 'large-v3-turbo', 'large-v3-turbo-q5_0', 'base']);
  assert.match(chooseModel({ backend: 'metal', memoryBytes: 8 * gib, physicalCores: 8 }).reason, /half of 8\.0 GiB/u);
});

run('a processor gets what it can bear', () => {
  assert.is(chosen({}), 'medium');
  assert.is(chosen({ physicalCores: 4 }), 'small');
  assert.is(chosen({ physicalCores: 4, memoryBytes: gib }), 'base');
  assert.is(chosen({ physicalCores: 1, memoryBytes: 0.4 * gib }), 'tiny');
  assert.match(
    chooseModel({ backend: 'cpu', memoryBytes: 8 * gib, physicalCores: 1 }).reason,
    /on 1 core and 8\.0 GiB/u,
  );
});

run('what is chosen is in the catalogue, and fits', () => {
  for (const backend of backends) {
    for (const memoryGib of [0.4, 1, 2, 3, 4, 8, 64]) {
      for (const physicalCores of [1, 4, 32]) {
        const model = findModel(catalogue, chosen({ backend, memoryBytes: memoryGib * gib, physicalCores }));
        assert.ok(
          model !== undefined && (model.memoryBytes < memoryGib * gib || memoryGib < 1),
          `${backend} ${memoryGib}`,
        );
      }
    }
  }
});

run.run();
