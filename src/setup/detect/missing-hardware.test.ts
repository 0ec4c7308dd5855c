import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Backend, backends } from '../../backend.ts';
import { hardwareWarnings, missingHardware } from './missing-hardware.ts';
import { readMachine } from './read-machine.ts';
import { recommendBackend } from './recommend-backend.ts';
import { bareMachine, nvccSays, said } from './testing/bare-machine.ts';
import { type MachineName, machines } from './testing/machines/index.ts';

const run = suite('missingHardware');

/** What cannot work there, and why; the other backends can. */
const expected: Record<MachineName, Partial<Record<Backend, RegExp>>> = {
  appleSilicon: {
    cuda: /^There is no CUDA for macOS/u,
    vulkan: /^There is no Vulkan on macOS/u,
    openvino: /^OpenVINO is for Intel's .* this is Apple M2 \(arm64\)\.$/u,
  },
  archIntelArc: { cuda: /^This machine has no NVIDIA card\.$/u, metal: /Arch Linux/u },
  distroboxFedora: { cuda: /"distrobox create --nvidia"/u, metal: /macOS only/u },
  driverWithoutToolkit: { metal: /macOS only/u },
  el9Headless: { cuda: /no NVIDIA card/u, vulkan: /^No GPU was found here/u, metal: /macOS only/u },
  fedoraIntelXe: { cuda: /no NVIDIA card/u, metal: /macOS only/u },
  fedoraRtx: { metal: /macOS only; this is Fedora Linux 43/u },
  jetson: { openvino: /ARM Cortex-A78AE \(arm64\)/u, metal: /macOS only/u },
  llvmpipeOnly: { cuda: /no NVIDIA card/u, metal: /macOS only/u },
  nvidiaSmiFailing: {
    cuda: /^The driver of NVIDIA GeForce RTX 4060 does not answer: NVIDIA-SMI has failed/u,
    metal: /macOS only/u,
  },
  oldIntelLaptop: { cuda: /no NVIDIA card/u, metal: /macOS only/u },
  raspberryPi: { cuda: /no NVIDIA card/u, openvino: /arm64/u, metal: /macOS only/u },
  toolkitWithoutDriver: { cuda: /nouveau/u, metal: /macOS only/u },
  twoGpus: { metal: /macOS only/u },
  ubuntuAmd: { cuda: /no NVIDIA card/u, metal: /macOS only/u },
  windowsRadeon: { cuda: /no NVIDIA card/u, metal: /Windows 11 Pro/u },
  wslNvidia: { metal: /macOS only/u },
};

for (const [name, facts] of Object.entries(machines)) {
  run(`knows what ${name} cannot do`, () => {
    const machine = readMachine(facts);
    for (const backend of backends) {
      const why = missingHardware(machine, backend);
      const pattern = expected[name as MachineName][backend];
      if (pattern === undefined) assert.is(why, undefined);
      else assert.match(why ?? 'nothing is missing', pattern);
    }
    assert.is(missingHardware(machine, recommendBackend(machine).backend), undefined);
  });
}

run('says what nvidia-smi said where no card is seen', () => {
  const failed = { kind: 'failed', why: 'No devices were found' } as const;
  const machine = readMachine({ ...bareMachine, programs: { ...bareMachine.programs, 'nvidia-smi': failed } });
  assert.is(missingHardware(machine, 'cuda'), 'This machine has no NVIDIA card. nvidia-smi: No devices were found.');
});

run('lets one good card be enough', () => {
  const smi = '0, GeForce GTX 680, 550.54.14, 2048, 3.0\n1, NVIDIA GeForce RTX 3090, 550.54.14, 24576, 8.6\n';
  const both = readMachine({
    ...bareMachine,
    programs: { ...bareMachine.programs, 'nvidia-smi': said('nvidia-smi', smi) },
  });
  assert.is(missingHardware(both, 'cuda'), undefined);
  const [old] = both.gpus;
  assert.ok(old);
  assert.match(missingHardware({ ...both, gpus: [old] }, 'cuda') ?? '', /compute capability 3\.0/u);
});

run('warns of what works badly', () => {
  const warnings = (name: MachineName, backend: Backend): string =>
    hardwareWarnings(readMachine(machines[name]), backend).join('\n');
  assert.match(warnings('llvmpipeOnly', 'vulkan'), /^Vulkan here is llvmpipe .* slower than the cpu backend\.$/u);
  assert.match(warnings('oldIntelLaptop', 'vulkan'), /no faster at this than the processor/u);
  assert.match(warnings('wslNvidia', 'vulkan'), /through Direct3D/u);
  assert.is(warnings('fedoraRtx', 'vulkan'), '');
  assert.is(warnings('fedoraRtx', 'cuda'), '');
  assert.is(warnings('llvmpipeOnly', 'cpu'), '');
  const { programs } = machines.wslNvidia;
  const tooOld = readMachine({
    ...machines.wslNvidia,
    programs: { ...programs, nvcc: said('nvcc', nvccSays('10.2')) },
  });
  assert.match(hardwareWarnings(tooOld, 'cuda').join(), /^NVIDIA GeForce RTX 3070 Ti: CUDA 10\.2 is too old/u);
  const failed = { kind: 'failed', why: 'ERROR_INCOMPATIBLE_DRIVER' } as const;
  const driverless = readMachine({
    ...machines.ubuntuAmd,
    programs: { ...machines.ubuntuAmd.programs, vulkaninfo: failed },
  });
  assert.match(hardwareWarnings(driverless, 'vulkan').join(), /has no Vulkan driver yet/u);
});

run.run();
