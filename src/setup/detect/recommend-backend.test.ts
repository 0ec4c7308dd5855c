import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Backend } from '../../backend.ts';
import type { MachineFacts } from './machine-facts.ts';
import { readMachine } from './read-machine.ts';
import { type Recommendation, recommendBackend } from './recommend-backend.ts';
import { bareMachine, nvccSays, said } from './testing/bare-machine.ts';
import { type MachineName, machines } from './testing/machines/index.ts';

const run = suite('recommendBackend');

const recommend = (facts: MachineFacts): Recommendation => recommendBackend(readMachine(facts));

const expected: Record<MachineName, [backend: Backend, reason: RegExp, notes?: readonly RegExp[]]> = {
  appleSilicon: ['metal', /^Apple M2 computes with its GPU through Metal\.$/u],
  archIntelArc: [
    'vulkan',
    /^Intel\(R\) Arc\(tm\) A770 Graphics \(DG2\) is used through Vulkan \(driver Mesa 25\.2\.5\)\.$/u,
  ],
  distroboxFedora: [
    'cpu',
    /^No GPU here helps: Intel Core i5-9400F/u,
    [/nvidia-smi is not: make the box with "distrobox create --nvidia"\.$/u],
  ],
  driverWithoutToolkit: [
    'cuda',
    /^NVIDIA RTX A4000 with driver 550\.163\.01 \(compute capability 8\.6\)\.$/u,
    [/^The CUDA toolkit \(nvcc\) is not here yet/u, /^2 cards/u],
  ],
  el9Headless: ['cpu', /^No GPU was found: Intel Xeon Gold 6338 does the work\.$/u],
  fedoraIntelXe: ['vulkan', /^Intel\(R\) Iris\(R\) Xe Graphics \(TGL GT2\) is used through Vulkan/u],
  fedoraRtx: ['cuda', /^NVIDIA GeForce RTX 3090 with driver 580\.95\.05 \(compute capability 8\.6\)\.$/u],
  jetson: ['cuda', /^NVIDIA Jetson AGX Orin Developer Kit with driver 540\.4\.0 \(compute capability 8\.7\)\.$/u],
  llvmpipeOnly: ['openvino', /^OpenVINO 2025\.3\.0 is installed/u],
  nvidiaSmiFailing: [
    'vulkan',
    /^AMD Radeon Graphics \(RADV RENOIR\) is used through Vulkan/u,
    [
      /^The driver of NVIDIA GeForce RTX 4060 does not answer: NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver\.$/u,
    ],
  ],
  oldIntelLaptop: [
    'cpu',
    /^No GPU here helps: Intel Core i5-8250U/u,
    [/UHD Graphics 620 .* is no faster .* OpenVINO can use it/u],
  ],
  raspberryPi: ['cpu', /^No GPU here helps: ARM Cortex-A76/u, [/^V3D 7\.1\.7\.0 is not made for such work\.$/u]],
  toolkitWithoutDriver: [
    'cpu',
    /^No GPU here helps: Intel Core i7-8700/u,
    [/RTX 2060 .* nouveau driver, which has no CUDA/u],
  ],
  twoGpus: ['vulkan', /^NVIDIA GeForce RTX 4070 Laptop GPU is used through Vulkan/u, [/must be installed by hand\.$/u]],
  ubuntuAmd: ['vulkan', /^AMD Radeon RX 7900 XTX \(RADV NAVI31\) is used through Vulkan/u],
  windowsRadeon: ['vulkan', /^AMD Radeon RX 9070 XT is used through Vulkan \(driver 26\.5\.1\)\.$/u],
  wslNvidia: [
    'cuda',
    /^NVIDIA GeForce RTX 3070 Ti with driver 581\.57/u,
    [/^The CUDA toolkit/u, /^The driver is that of Windows/u],
  ],
};

for (const [name, facts] of Object.entries(machines)) {
  run(`says what suits ${name}, and why`, () => {
    const [backend, reason, notes = []] = expected[name as MachineName];
    const recommended = recommend(facts);
    assert.is(recommended.backend, backend);
    assert.match(recommended.reason, reason);
    assert.is(recommended.notes.length, notes.length, recommended.notes.join('\n'));
    for (const [index, note] of notes.entries()) assert.match(recommended.notes[index] ?? '', note);
  });
}

/** The desktop with another card, driver or toolkit. */
function rtxWith({ smi, nvcc }: { smi: string; nvcc?: string }): MachineFacts {
  const { programs } = machines.fedoraRtx;
  const { vulkaninfo: _, ...others } = programs;
  return {
    ...machines.fedoraRtx,
    programs: {
      ...others,
      vulkaninfo: { kind: 'missing' },
      'nvidia-smi': said('nvidia-smi', smi),
      nvcc: nvcc === undefined ? { kind: 'missing' } : said('nvcc', nvccSays(nvcc)),
    },
  };
}

run('does not recommend CUDA for a card that is too old, or a toolkit or driver that does not fit', () => {
  const wrong: [MachineFacts, RegExp][] = [
    [
      rtxWith({ smi: '0, GeForce GTX 680, 470.256.02, 2048, 3.0\n' }),
      /compute capability 3\.0; whisper\.cpp needs 5\.0/u,
    ],
    [
      rtxWith({ smi: '0, NVIDIA GeForce GTX 1080, 570.133.07, 8192, 6.1\n', nvcc: '13.0' }),
      /CUDA 13\.0 is too new for this card/u,
    ],
    [
      rtxWith({ smi: '0, NVIDIA GeForce RTX 5090, 580.95.05, 32607, 12.0\n', nvcc: '12.4' }),
      /CUDA 12\.4 is too old for this card/u,
    ],
    [
      rtxWith({ smi: '0, NVIDIA GeForce RTX 3090, 550.54.14, 24576, 8.6\n', nvcc: '13.0' }),
      /CUDA 13\.0 needs driver 580 or newer, and this is 550\.54\.14/u,
    ],
    [
      rtxWith({ smi: '0, GeForce GTX 1080, 470.256.02, 8192\n', nvcc: '11.4' }),
      /does not tell its compute capability/u,
    ],
  ];
  for (const [facts, why] of wrong) {
    const { backend, notes } = recommend(facts);
    assert.is(backend, 'cpu');
    assert.match(notes.join('\n'), why);
  }
  assert.is(
    recommend(rtxWith({ smi: '0, NVIDIA GeForce GTX 1080, 570.133.07, 8192, 6.1\n', nvcc: '12.8' })).backend,
    'cuda',
  );
});

run('takes Vulkan on faith where nobody has looked yet, and the kernel has a driver', () => {
  const { vulkaninfo: _, ...programs } = machines.ubuntuAmd.programs;
  const fresh: MachineFacts = { ...machines.ubuntuAmd, programs: { ...programs, vulkaninfo: { kind: 'missing' } } };
  const { backend, notes } = recommend(fresh);
  assert.is(backend, 'vulkan');
  assert.match(notes.join(), /set-up installs it/u);
  assert.is(recommend({ ...fresh, folders: {} }).backend, 'cpu');
});

run('does not take Vulkan where vulkaninfo lists no driver, and says so', () => {
  const failed = { kind: 'failed', why: 'vkCreateInstance failed with ERROR_INCOMPATIBLE_DRIVER' } as const;
  const { backend, notes } = recommend({
    ...machines.ubuntuAmd,
    programs: { ...machines.ubuntuAmd.programs, vulkaninfo: failed },
  });
  assert.is(backend, 'cpu');
  assert.match(notes.join(), /cannot be used: vulkaninfo does not list it/u);
});

run('does not trust Direct3D below Vulkan in WSL, nor cards set aside for virtual machines', () => {
  const { programs } = machines.wslNvidia;
  const withoutCuda = { ...machines.wslNvidia, programs: { ...programs, 'nvidia-smi': { kind: 'missing' } as const } };
  assert.is(recommend(withoutCuda).backend, 'cpu');
  assert.match(recommend(withoutCuda).notes.join('\n'), /driver in Windows[^]*reached through Direct3D only/u);
  const [display] = machines.fedoraRtx.pciDisplays;
  assert.ok(display);
  const aside = { ...bareMachine, pciDisplays: [{ ...display, driver: 'vfio-pci' }] };
  assert.match(recommend(aside).notes.join(), /set aside for virtual machines/u);
});

run('tells of a processor that is slow for want of AVX2', () => {
  const old = {
    ...bareMachine,
    cpu: { model: 'Intel(R) Core(TM) i7-3770 CPU @ 3.40GHz', physicalCores: 4, flags: 'sse avx f16c' },
  };
  assert.match(recommend(old).notes.join(), /no AVX2/u);
  assert.equal(recommend(machines.el9Headless).notes, []);
});

run.run();
