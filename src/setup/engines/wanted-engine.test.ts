import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { machineWith, nvidiaCard } from '../build/testing/machines.ts';
import type { Machine } from '../detect/machine.ts';
import { readPins } from '../whisper-data.ts';
import { findWantedEngine } from './wanted-engine.ts';

const run = suite('findWantedEngine');

type Asked = Partial<Parameters<typeof findWantedEngine>[0]>;

const find = (more: Asked) =>
  findWantedEngine({ backend: 'cpu', definitions: [], source: undefined, pins: readPins(), ...more });

run('is content with the fastest of several where one is asked for, and not the other way round', async () => {
  const machine = machineWith();
  const first = await find({ machine, variants: 'first' });
  const all = await find({ machine, variants: 'all' });
  assert.is(first.keys.length, 2);
  assert.equal(first.betterKeys, all.keys);
  assert.equal(all.betterKeys, []);
  assert.not.equal(first.keys, all.keys);
  assert.equal((await find({ machine, variants: 'first', definitions: ['GGML_BLAS=ON'] })).betterKeys, []);
});

run('wants another engine for another card or definition, and the same one for the same', async () => {
  const keyFor = async (machine: Machine, definitions: string[] = []): Promise<string | undefined> =>
    (await find({ backend: 'cuda', machine, definitions })).keys[0];
  const ampere = machineWith({ gpus: [nvidiaCard('8.6')] });
  assert.is(await keyFor(ampere), await keyFor({ ...ampere, toolkits: { nvcc: '13.0', nvccFile: '/opt/nvcc' } }));
  assert.is.not(await keyFor(ampere), await keyFor(machineWith({ gpus: [nvidiaCard('8.9')] })));
  assert.is.not(await keyFor(ampere), await keyFor(ampere, ['GGML_CUDA_FA=OFF']));
});

run.run();
