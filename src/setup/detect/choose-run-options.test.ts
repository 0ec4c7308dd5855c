import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Backend, backends } from '../../backend.ts';
import { type RunOptions, runOptionsSchema } from '../../engine/run-options.ts';
import { chooseRunOptions } from './choose-run-options.ts';
import type { Gpu } from './machine.ts';
import { readMachine } from './read-machine.ts';
import { type MachineName, machines } from './testing/machines/index.ts';

const run = suite('chooseRunOptions');

const plain = { arguments: [], environment: {} };
const onIntelGpu = { arguments: ['-oved', 'GPU'], environment: {} };
const forOlderIntel = { arguments: ['-nfa'], environment: { GGML_VK_DISABLE_ASYNC: '1' } };

/** Those that are not plain. */
const expected: Record<MachineName, Partial<Record<Backend, Pick<RunOptions, 'arguments' | 'environment'>>>> = {
  appleSilicon: {},
  archIntelArc: { vulkan: { arguments: [], environment: { GGML_VK_VISIBLE_DEVICES: '1' } }, openvino: onIntelGpu },
  distroboxFedora: {},
  driverWithoutToolkit: {},
  el9Headless: {},
  fedoraIntelXe: { vulkan: forOlderIntel, openvino: onIntelGpu },
  fedoraRtx: {},
  jetson: {},
  llvmpipeOnly: { vulkan: { arguments: [], environment: { GGML_VK_VISIBLE_DEVICES: '0' } } },
  nvidiaSmiFailing: {},
  oldIntelLaptop: { vulkan: forOlderIntel, openvino: onIntelGpu },
  raspberryPi: {},
  toolkitWithoutDriver: {},
  twoGpus: { vulkan: { arguments: [], environment: { GGML_VK_VISIBLE_DEVICES: '1' } }, openvino: onIntelGpu },
  ubuntuAmd: {},
  windowsRadeon: { vulkan: { arguments: ['-nfa'], environment: {} } },
  wslNvidia: {},
};

for (const [name, facts] of Object.entries(machines)) {
  run(`starts engines on ${name} as that needs`, () => {
    const machine = readMachine(facts);
    for (const backend of backends) {
      const { reasons, ...options } = chooseRunOptions(machine, backend);
      assert.equal(options, expected[name as MachineName][backend] ?? plain);
      const said = options.arguments.length > 0 || Object.keys(options.environment).length > 0;
      assert.is(reasons.length > 0, said);
      for (const reason of reasons) assert.match(reason, /\.$/u);
      assert.ok(runOptionsSchema.safeParse({ ...options, reasons }).success);
    }
  });
}

const vulkanGpu = (name: string, more: Partial<Gpu> = {}): Gpu => ({
  vendor: /Radeon/u.test(name) ? 'amd' : 'intel',
  name,
  isIntegrated: false,
  hasVulkan: true,
  vulkanIndex: 0,
  ...more,
});

const optionsWith = (...gpus: Gpu[]): RunOptions =>
  chooseRunOptions({ ...readMachine(machines.fedoraIntelXe), gpus }, 'vulkan');

run('leaves flash attention to newer Intel graphics, and to the RX 9070 XT under Mesa', () => {
  for (const gpu of [
    vulkanGpu('Intel(R) Graphics (ARL)', { isIntegrated: true }),
    vulkanGpu('Intel(R) Arc(tm) B580 Graphics (BMG G21)'),
    vulkanGpu('AMD Radeon RX 9070 XT (RADV GFX1201)', { vulkanDriver: 'Mesa 25.2.8' }),
    vulkanGpu('AMD Radeon RX 7900 XTX', { vulkanDriver: '26.5.1' }),
  ])
    assert.equal(optionsWith(gpu).arguments, []);
  for (const gpu of [
    vulkanGpu('Intel(R) UHD Graphics (RPL-P)', { isIntegrated: true }),
    vulkanGpu('Intel(R) Iris(R) Xe MAX Graphics (DG1)'),
    vulkanGpu('AMD Radeon RX 9060 XT', { vulkanDriver: '26.5.1' }),
    vulkanGpu('AMD Radeon RX 9070 XT'),
  ])
    assert.equal(optionsWith(gpu).arguments, ['-nfa']);
});

run("names every card beside graphics that are left out, in Vulkan's order", () => {
  const options = optionsWith(
    vulkanGpu('AMD Radeon RX 6800', { vulkanIndex: 2 }),
    vulkanGpu('Intel(R) UHD Graphics 770 (ADL-S GT1)', { vulkanIndex: 0, isIntegrated: true }),
    vulkanGpu('AMD Radeon RX 7900 XTX', { vulkanIndex: 1 }),
  );
  assert.equal(options.environment, { GGML_VK_VISIBLE_DEVICES: '1,2' });
  // What is left out needs no care.
  assert.equal(options.arguments, []);
  assert.match(options.reasons.join(), /^AMD Radeon RX 7900 XTX, AMD Radeon RX 6800 alone: Intel\(R\) UHD/u);
});

run('says -nfa once, though two reasons ask for it', () => {
  const options = optionsWith(
    vulkanGpu('AMD Radeon RX 9070 XT'),
    vulkanGpu('Intel(R) Iris(R) Xe MAX Graphics (DG1)', { vulkanIndex: 1 }),
  );
  assert.equal(options.arguments, ['-nfa']);
  assert.is(options.reasons.length, 3);
});

run.run();
