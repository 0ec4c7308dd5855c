import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cudaDefinitions, findCudaTrouble } from './cuda-architectures.ts';
import { nvidiaCard } from './testing/machines.ts';

const run = suite('cuda architectures');

const cards = (...capabilities: string[]) => capabilities.map((capability) => nvidiaCard(capability));

run('compiles for the cards that are here, each once, the oldest first', () => {
  assert.equal(cudaDefinitions(cards('8.9', '8.6', '8.9')), { CMAKE_CUDA_ARCHITECTURES: '86-real;89-real' });
  assert.equal(cudaDefinitions(cards('12.0', '9.0')), { CMAKE_CUDA_ARCHITECTURES: '90-real;120a-real' });
  assert.equal(cudaDefinitions(cards('10.3')), { CMAKE_CUDA_ARCHITECTURES: '103-real' });
});

run('takes the list of ggml where there is no card, and lets nvcc ask a card that says nothing', () => {
  const intel = { vendor: 'intel', name: 'Xe', isIntegrated: true, hasVulkan: true } as const;
  assert.equal(cudaDefinitions([]), { GGML_NATIVE: 'OFF' });
  assert.equal(cudaDefinitions([intel]), { GGML_NATIVE: 'OFF' });
  assert.equal(cudaDefinitions([nvidiaCard()]), {});
  assert.equal(cudaDefinitions([nvidiaCard('8.6'), nvidiaCard()]), {});
});

run('says that a toolkit is too old or too new for a card, and which one to install', () => {
  const table: [capability: string, nvcc: string, reason: RegExp, hint: RegExp][] = [
    ['12.0', '12.6', /too old.*12\.0 needs CUDA 12\.8/u, /CUDA 12\.8 or newer/u],
    ['12.1', '12.8', /too old.*12\.1 needs CUDA 12\.9/u, /CUDA 12\.9 or newer/u],
    ['8.9', '11.7', /too old.*8\.9 needs CUDA 11\.8/u, /CUDA 11\.8 or newer/u],
    ['9.0', '11.5', /too old.*9\.0 needs CUDA 11\.8/u, /CUDA 11\.8 or newer/u],
    ['8.6', '11.0', /too old.*8\.6 needs CUDA 11\.1/u, /CUDA 11\.1 or newer/u],
    ['5.3', '10.2', /too old.*5\.3 needs CUDA 11\.0/u, /CUDA 11\.0 to 12\.9/u],
    ['6.1', '13.0', /too new.*6\.1 is CUDA 12\.9/u, /CUDA 11\.0 to 12\.9.*cuda-12\.9\/bin\/nvcc/u],
    ['7.0', '13.2', /too new.*7\.0 is CUDA 12\.9/u, /CUDA 11\.0 to 12\.9/u],
    ['3.7', '12.0', /too new.*3\.7 is CUDA 11\.8/u, /CUDA 11\.0 to 11\.8/u],
    ['3.0', '11.8', /can no longer be built/u, /--backend vulkan/u],
  ];
  for (const [capability, nvcc, reason, hint] of table) {
    const trouble = findCudaTrouble(cards(capability), nvcc, {});
    assert.match(trouble?.reason ?? '', reason);
    assert.match(trouble?.hint ?? '', hint);
  }
});

run('finds nothing wrong with toolkits that know the card', () => {
  const table = {
    '5.0': '12.9',
    '6.1': '11.0',
    '7.5': '13.0',
    '8.6': '11.1',
    '8.9': '13.1',
    '9.0': '12.4',
    '12.0': '12.8',
  };
  for (const [capability, nvcc] of Object.entries(table)) {
    assert.is(findCudaTrouble(cards(capability), nvcc, {}), undefined, `${capability} with ${nvcc}`);
  }
  // 12.10, should it come, is newer than 12.9; a card that is newer than the table is left to nvcc.
  assert.is(findCudaTrouble(cards('6.1'), '12.10', {}), undefined);
  assert.is(findCudaTrouble(cards('15.0'), '14.0', {}), undefined);
  assert.is(findCudaTrouble([nvidiaCard()], '12.0', {}), undefined);
});

run('judges neither a toolkit that is not there yet nor what a person has chosen', () => {
  assert.is(findCudaTrouble(cards('12.0'), undefined, {}), undefined);
  assert.is(findCudaTrouble(cards('12.0'), '11.0', { CMAKE_CUDA_ARCHITECTURES: '90' }), undefined);
  assert.is(findCudaTrouble(cards('12.0'), '11.0', { CMAKE_CUDA_COMPILER: '/opt/nvcc' }), undefined);
  assert.match(findCudaTrouble([], '10.2', {})?.reason ?? '', 'needs CUDA 11.0');
});

run('says of two cards which toolkit knows both, or how to build for one', () => {
  const both = findCudaTrouble(cards('6.1', '12.0'), '13.0', {});
  assert.match(both?.hint ?? '', 'CUDA 12.8 to 12.9');
  assert.match(both?.hint ?? '', 'CMAKE_CUDA_ARCHITECTURES=120a-real');
  assert.match(findCudaTrouble(cards('3.7', '12.0'), '12.8', {})?.hint ?? '', 'No toolkit knows all the cards');
});

run('asks of any trouble for a toolkit that is no trouble', () => {
  const capability = fc.constantFrom('5.0', '6.1', '7.0', '7.5', '8.0', '8.6', '8.9', '9.0', '10.0', '10.1', '12.0');
  const version = fc.tuple(fc.nat(14), fc.nat(9)).map(([major, minor]) => `${major}.${minor}`);
  fc.assert(
    fc.property(fc.array(capability, { minLength: 1, maxLength: 3 }), version, (known, nvcc) => {
      const trouble = findCudaTrouble(cards(...known), nvcc, {});
      const wanted = /^Install CUDA (\d+\.\d+)/u.exec(trouble?.hint ?? '')?.[1];
      if (trouble !== undefined) assert.ok(wanted !== undefined, trouble.hint);
      if (wanted !== undefined) assert.is(findCudaTrouble(cards(...known), wanted, {}), undefined);
    }),
  );
});

run.run();
