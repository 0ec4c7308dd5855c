import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseVulkaninfo } from './parse-vulkaninfo.ts';
import { llvmpipe, vulkanSummary } from './testing/bare-machine.ts';

const run = suite('parseVulkaninfo');

const parse = (...devices: Record<string, string>[]): ReturnType<typeof parseVulkaninfo> => {
  const answer = vulkanSummary('1.3.239', devices);
  return parseVulkaninfo(answer.kind === 'answered' ? answer.text : '');
};

run('keeps the order, and the place of what follows a double', () => {
  const card = {
    deviceName: 'AMD Radeon RX 6800 (RADV NAVI21)',
    deviceType: 'PHYSICAL_DEVICE_TYPE_DISCRETE_GPU',
    deviceUUID: '1',
  };
  const { version, devices } = parse(card, { ...card, driverName: 'AMD open-source driver' }, llvmpipe);
  assert.is(version, '1.3.239');
  assert.equal(
    devices.map(({ index, kind }) => [index, kind]),
    [
      [0, 'discrete'],
      [2, 'software'],
    ],
  );
});

run('knows software by its type and by its name', () => {
  for (const deviceName of ['llvmpipe (LLVM 15.0.6, 256 bits)', 'SwiftShader Device (LLVM 10.0.0)', 'lavapipe'])
    assert.is(parse({ deviceName, deviceType: 'PHYSICAL_DEVICE_TYPE_OTHER' }).devices[0]?.kind, 'software');
  assert.is(parse({ deviceName: 'Some CPU', deviceType: 'PHYSICAL_DEVICE_TYPE_CPU' }).devices[0]?.kind, 'software');
});

run('reads drivers of all makers, and the card behind Direct3D', () => {
  const driver = (driverInfo: string, more = {}): string | undefined =>
    parse({ deviceName: 'x', driverInfo, ...more }).devices[0]?.driver;
  assert.is(driver('Mesa 25.2.8-0ubuntu0.24.04.1'), 'Mesa 25.2.8');
  assert.is(driver('550.54.14'), '550.54.14');
  assert.is(driver('26.5.1 (AMD proprietary shader compiler)'), '26.5.1');
  assert.is(driver('Mesa 26.1.4', { driverID: 'DRIVER_ID_MESA_DOZEN' }), 'Dozen (Mesa 26.1.4)');
  assert.is(
    parse({ deviceName: 'Microsoft Direct3D12 (AMD Radeon(TM) Graphics)' }).devices[0]?.name,
    'AMD Radeon(TM) Graphics',
  );
});

run('takes no number for a PCI device that is none', () => {
  assert.is(parse({ deviceName: 'V3D', vendorID: '0x14e4', deviceID: '0x55701c33' }).devices[0]?.pciId, undefined);
  assert.is(parse({ deviceName: 'x', vendorID: '0x8086', deviceID: '0x9A49' }).devices[0]?.pciId, '8086:9a49');
});

run('finds nothing in a message, and cleans names', () => {
  assert.equal(parseVulkaninfo('ERROR: [Loader Message] Code 0 : vkCreateInstance: Found no drivers!\n'), {
    devices: [],
  });
  assert.equal(parseVulkaninfo('GPU0:\n\tapiVersion = 1.3\n'), { devices: [] });
  assert.is(parse({ deviceName: 'Evil\u001b[2J\u0007 card' }).devices[0]?.name, 'Evil [2J card');
});

run.run();
