import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type IntelGeneration, intelGeneration } from './intel-graphics.ts';

const run = suite('intelGeneration');

const named: Record<IntelGeneration, string[]> = {
  'before-xe': [
    'Intel(R) HD Graphics 520 (SKL GT2)',
    'Intel(R) UHD Graphics 630 (CFL GT2)',
    'Intel(R) Iris(R) Plus Graphics (ICL GT2)',
    'Intel(R) UHD Graphics 620',
    'Intel(R) Iris(R) Plus Graphics 655',
    'Intel HD Graphics 4000',
  ],
  xe: [
    'Intel(R) Iris(R) Xe Graphics (TGL GT2)',
    'Intel(R) UHD Graphics 770 (ADL-S GT1)',
    'Intel(R) Graphics (RPL-P)',
    'Intel(R) Iris(R) Xe MAX Graphics (DG1)',
    'Intel(R) Iris(R) Xe Graphics',
    'Intel(R) UHD Graphics 770',
    'Intel(R) UHD Graphics',
  ],
  later: [
    'Intel(R) Arc(tm) Graphics (MTL)',
    'Intel(R) Graphics (ARL)',
    'Intel(R) Arc(tm) A770 Graphics (DG2)',
    'Intel(R) Arc(TM) 140V GPU (16GB)',
    'Intel(R) Graphics (LNL)',
    'Intel(R) Graphics',
  ],
};

run('knows the age by the name', () => {
  for (const [generation, names] of Object.entries(named))
    for (const name of names) assert.is(intelGeneration({ name }), generation, name);
});

run('knows the age by the PCI device first, and takes unknown ones for new', () => {
  const byId: Record<string, IntelGeneration> = {
    '8086:5917': 'before-xe',
    '8086:3e9b': 'before-xe',
    '8086:8a52': 'before-xe',
    '8086:9a49': 'xe',
    '8086:46a6': 'xe',
    '8086:a7a0': 'xe',
    '8086:4905': 'xe',
    '8086:7d55': 'later',
    '8086:56a0': 'later',
    '8086:64a0': 'later',
    '8086:e20b': 'later',
    '8086:dead': 'later',
  };
  for (const [pciId, generation] of Object.entries(byId))
    assert.is(intelGeneration({ name: 'Intel(R) HD Graphics 520', pciId }), generation, pciId);
});

run.run();
