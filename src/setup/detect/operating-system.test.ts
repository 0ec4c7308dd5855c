import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readOperatingSystem } from './operating-system.ts';

const run = suite('readOperatingSystem');

run('reads os-release with and without quotes', () => {
  const text =
    '# comment\nNAME=\'Red Hat Enterprise Linux\'\nVERSION_ID="9.4"\nID="rhel"\nID_LIKE="fedora"\nPRETTY_NAME="The \\"big\\" \\$one"\n';
  assert.equal(readOperatingSystem(text, 'linux'), {
    platform: 'linux',
    id: 'rhel',
    like: ['fedora'],
    version: '9.4',
    name: 'The "big" $one',
  });
});

run('does without a version, a name, and the file itself', () => {
  assert.equal(readOperatingSystem('ID=arch\nNAME="Arch Linux"\n', 'linux'), {
    platform: 'linux',
    id: 'arch',
    like: [],
    version: '',
    name: 'Arch Linux',
  });
  for (const text of [undefined, '', 'ID\n=x\nid=fedora\n', '\u0000'.repeat(1000)])
    assert.equal(readOperatingSystem(text, 'linux'), {
      platform: 'linux',
      id: 'linux',
      like: [],
      version: '',
      name: 'Linux',
    });
});

run('calls the other systems by their own names', () => {
  const windows = readOperatingSystem(undefined, 'win32', { version: '10.0.26200', name: 'Windows 11 Pro' });
  assert.equal([windows.platform, windows.id, windows.name], ['win32', 'windows', 'Windows 11 Pro']);
  const mac = readOperatingSystem(undefined, 'darwin', { version: '26.0.1\n', name: 'Darwin' });
  assert.equal([mac.id, mac.version, mac.name], ['macos', '26.0.1', 'macOS 26.0.1']);
  assert.is(readOperatingSystem(undefined, 'darwin').name, 'macOS');
});

run.run();
