import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakePrograms } from '../../../test/support/fake-programs.ts';
import { askProgram } from './ask-program.ts';
import { detectMachine } from './detect-machine.ts';
import { gatherFacts } from './gather-facts.ts';
import { glslcSays, nvccSays } from './testing/bare-machine.ts';

const run = suite('gatherFacts');

const never = new AbortController().signal;

const summary = `Vulkan Instance Version: 1.3.275

Devices:
========
GPU0:
\tvendorID           = 0x10de
\tdeviceID           = 0x1b80
\tdeviceType         = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
\tdeviceName         = NVIDIA GeForce GTX 1080
\tdriverInfo         = 470.256.02
`;

const print = (text: string): string => `cat <<'TEXT'\n${text}TEXT`;

run('asks the programs on PATH, an old nvidia-smi in words that it knows', async () => {
  await using programs = await fakePrograms({
    'nvidia-smi': `case "$*" in
  *compute_cap*) echo 'Field "compute_cap" is not a valid field to query.'; exit 2;;
  *) echo '0, NVIDIA GeForce GTX 1080, 470.256.02, 8192';;
esac`,
    vulkaninfo: `echo 'WARNING: of something' >&2\n${print(summary)}`,
    nvcc: print(nvccSays('11.4')),
    glslc: print(glslcSays),
    hipcc: 'exit 1',
    dnf: 'exit 1',
  });
  const machine = await detectMachine('/nowhere/yet', never);
  const [card] = machine.gpus;
  assert.is(card?.name, 'NVIDIA GeForce GTX 1080');
  assert.equal([card?.driver, card?.memoryBytes, card?.hasVulkan], ['470.256.02', 8 * 2 ** 30, true]);
  assert.is(card?.computeCapability, undefined);
  assert.equal(machine.toolkits, { ...machine.toolkits, nvcc: '11.4', vulkan: '1.3.275', glslc: true });
  assert.is(machine.toolkits.nvccFile, undefined);
  assert.ok(machine.memoryBytes > 2 ** 28 && machine.diskFreeBytes > 0);
  assert.ok(machine.cpu.processors >= 1 && machine.cpu.model.length > 2);
  if (process.platform === 'linux' && process.arch === 'x64') assert.ok(machine.cpu.features.length > 0);
  const calls = await programs.calls();
  assert.is(calls.filter((call) => call.startsWith('nvidia-smi ')).length, 2);
  // Found, and not started.
  assert.not(calls.some((call) => call.startsWith('dnf')));
});

run('finds package managers by their place on PATH', async () => {
  await using programs = await fakePrograms({ zypper: '', pacman: '' }, true);
  const { packageManagers } = await gatherFacts('/', never);
  assert.equal(packageManagers, ['pacman', 'zypper']);
  assert.equal(await programs.calls(), []);
});

run('makes a fact of every program that fails or is not there', async () => {
  await using _ = await fakePrograms(
    {
      'nvidia-smi': `echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."; exit 9`,
      vulkaninfo: 'kill -SEGV $$',
      glslc: `echo 'WARNING: no cache'; echo 'glslc: error: cannot start'; echo 'see the manual'; exit 1`,
    },
    true,
  );
  const { programs, diskFreeBytes } = await gatherFacts('/', never);
  assert.match(JSON.stringify(programs['nvidia-smi']), /"failed","why":"NVIDIA-SMI has failed/u);
  assert.match(JSON.stringify(programs.vulkaninfo), /"failed","why":"killed by SIGSEGV/u);
  assert.equal(programs.glslc, { kind: 'failed', why: 'glslc: error: cannot start' });
  assert.equal(programs['pkg-config openvino'], { kind: 'missing' });
  assert.ok((diskFreeBytes ?? 0) > 0);
});

run('is JSON', async () => {
  const facts = await gatherFacts('/', never);
  assert.equal(JSON.parse(JSON.stringify(facts)), facts);
});

run('does not wait for a program that hangs, and ends it', async () => {
  await using _ = await fakePrograms({ hanging: 'exec sleep 60' });
  const startedAt = performance.now();
  assert.equal(await askProgram(['missing-one', 'hanging'], [], never, 200), {
    kind: 'failed',
    why: 'no answer within 0.2 s',
  });
  assert.ok(performance.now() - startedAt < 5000);
});

run('stops when it is told to', async () => {
  await using _ = await fakePrograms({ 'nvidia-smi': 'exec sleep 60' });
  const stop = new AbortController();
  const gathering = gatherFacts('/', stop.signal);
  setTimeout(() => stop.abort(new Error('enough')), 100);
  const startedAt = performance.now();
  try {
    await gathering;
    assert.unreachable('was not stopped');
  } catch (error) {
    assert.match(String(error), /enough/u);
  }
  assert.ok(performance.now() - startedAt < 5000);
});

run.run();
