import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { backends } from '../../backend.ts';
import { chooseRunOptions } from './choose-run-options.ts';
import { describeMachine } from './describe-machine.ts';
import type { MachineFacts } from './machine-facts.ts';
import { hardwareWarnings, missingHardware } from './missing-hardware.ts';
import { readMachine } from './read-machine.ts';
import { recommendBackend } from './recommend-backend.ts';
import { bareMachine, said } from './testing/bare-machine.ts';

const run = suite('hostile facts');

const isClean = (text: string): boolean => !/[\p{Cc}\p{Cf}]/u.test(text);

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** All that is made of facts: nothing throws, and no text of a stranger can steer a terminal. */
function assertHarmless(facts: MachineFacts): void {
  const machine = readMachine(facts);
  const recommendation = recommendBackend(machine);
  const perBackend = backends.flatMap((backend) => [
    chooseRunOptions(machine, backend),
    missingHardware(machine, backend),
    hardwareWarnings(machine, backend),
  ]);
  const texts = textsOf([machine, recommendation, perBackend, describeMachine(machine, recommendation)]);
  assert.ok(texts.every(isClean));
  assert.ok(texts.every((text) => text.length < 3000));
  assert.ok(machine.gpus.length < 200);
}

run('bears garbage from every program and file', () => {
  const words = fc.constantFrom(
    'GPU0:\n',
    'GPU99:\n',
    '0, ',
    'deviceName = ',
    'deviceType = ',
    'vendorID = 0x8086\n',
    '\n',
    'ID=',
    '"',
    '\\',
    '(',
    '[N/A]',
    'release 13.0',
    '\u001b[2J',
    '\u0000',
    '\u202e',
    ', ',
    '8.6',
    '0000:01:00.0 "a" "b [10de]" "',
  );
  const text = fc.array(fc.oneof(words, fc.string({ maxLength: 8 })), { maxLength: 12 }).map((parts) => parts.join(''));
  const answer = fc.oneof(
    fc.record({ kind: fc.constant('answered' as const), file: fc.constant('x'), text }),
    fc.record({ kind: fc.constant('failed' as const), why: text }),
  );
  const names = Object.keys(bareMachine.programs) as (keyof MachineFacts['programs'])[];
  const programs = fc.record(
    Object.fromEntries(names.map((name) => [name, answer])) as Record<keyof MachineFacts['programs'], typeof answer>,
  );
  const garbage = fc.record({
    platform: fc.constantFrom('linux', 'darwin', 'win32', 'freebsd'),
    programs,
    cpu: fc.record({ model: text, flags: text, physicalCores: fc.constantFrom(0, -1, Number.NaN, 4) }),
    texts: fc.record({
      '/etc/os-release': text,
      '/proc/version': text,
      '/proc/device-tree/model': text,
      '/opt/rocm/.info/version': text,
    }),
    pciDisplays: fc.array(
      fc.record({ address: text, vendor: fc.constantFrom('10de', '1002', '8086', ''), device: text, driver: text }),
      { maxLength: 3 },
    ),
    graphics: fc.array(fc.record({ vendor: text, model: text, isBuiltIn: fc.boolean(), memoryMib: fc.double() }), {
      maxLength: 3,
    }),
    folders: fc.record({ '/dev/dri': fc.array(text), '/opt/intel': fc.array(text) }),
    troubles: fc.array(text, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(garbage, (facts) => assertHarmless({ ...bareMachine, ...facts })),
    { numRuns: 300 },
  );
});

run('cleans names that look right, from whoever tells them', () => {
  const evil = 'Evil\u001b]0;title\u0007\u202e card';
  const lspci = `0000:01:00.0 "VGA [0300]" "NVIDIA [10de]" "GA102 [${evil}] [2204]" -ra1\n`;
  const texts = { '/etc/os-release': `ID=x\nPRETTY_NAME="${evil}"\n`, '/proc/device-tree/model': evil };
  const ways: Partial<MachineFacts>[] = [
    { programs: { ...bareMachine.programs, 'nvidia-smi': said('x', `0, ${evil}, 550.54.14, 24576, 8.6\n`) } },
    {
      programs: {
        ...bareMachine.programs,
        vulkaninfo: said('x', `GPU0:\n\tdeviceName = ${evil}\n\tdriverInfo = ${evil}\n`),
      },
    },
    {
      programs: { ...bareMachine.programs, lspci: said('x', lspci) },
      pciDisplays: [{ address: '0000:01:00.0', vendor: '10de', device: '2204', driver: evil }],
    },
    { programs: { ...bareMachine.programs, glslc: { kind: 'failed', why: evil } }, texts },
    { platform: 'win32', systemName: evil, graphics: [{ vendor: '', model: evil, isBuiltIn: false }] },
  ];
  for (const way of ways) {
    const facts = { ...bareMachine, ...way };
    assertHarmless(facts);
    assert.match(JSON.stringify(readMachine(facts)), /Evil \]0;title card/u);
  }
});

run('bears huge answers without a long wait', () => {
  const startedAt = performance.now();
  for (const part of [
    '\n',
    ' ',
    'GPU0:\n',
    'GPU1:\n\tdeviceName = x\n',
    'a = ',
    '"',
    '0, ',
    '0, a, 1.1, 5, 8.6\n',
    '0000:01:00.0 "',
    'ID=',
    '(',
  ]) {
    const text = part.repeat(Math.ceil(262_144 / part.length));
    const answer = said('x', text);
    const programs = {
      'nvidia-smi': answer,
      nvcc: answer,
      vulkaninfo: answer,
      glslc: answer,
      hipcc: answer,
      'pkg-config openvino': answer,
      lspci: answer,
      sw_vers: answer,
    };
    assertHarmless({
      ...bareMachine,
      programs,
      texts: { '/etc/os-release': text, '/proc/device-tree/model': text },
      cpu: { model: text, physicalCores: 1, flags: text },
    });
  }
  assert.ok(performance.now() - startedAt < 5000);
});

run.run();
