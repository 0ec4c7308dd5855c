import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNvidiaSmi } from './parse-nvidia-smi.ts';

const run = suite('parseNvidiaSmi');

run('reads a line for each card, with and without compute capability', () => {
  assert.equal(
    parseNvidiaSmi('0, NVIDIA GeForce RTX 3090, 550.54.14, 24576, 8.6\r\n1, Tesla K80, 470.256.02, 11441\n'),
    [
      { name: 'NVIDIA GeForce RTX 3090', driver: '550.54.14', memoryBytes: 24 * 2 ** 30, computeCapability: '8.6' },
      { name: 'Tesla K80', driver: '470.256.02', memoryBytes: 11_441 * 2 ** 20 },
    ],
  );
});

run('leaves out what the card does not tell', () => {
  assert.equal(parseNvidiaSmi('0, Orin (nvgpu), [N/A], [Not Supported], [N/A]\n'), [{ name: 'Orin (nvgpu)' }]);
});

run('makes no card of a message', () => {
  for (const text of [
    '',
    'No devices were found\n',
    'Failed to initialize NVML: Driver/library version mismatch\n',
    '0, only a name\n',
  ])
    assert.equal(parseNvidiaSmi(text), []);
  assert.is(parseNvidiaSmi('0, a, 1.2, 5, 8.6\n'.repeat(1000)).length, 64);
});

run.run();
