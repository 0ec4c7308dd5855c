import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { OperatingSystem } from '../detect/machine.ts';
import { referenceHint } from './reference-environment.ts';

const run = suite('referenceHint');

const linux = (id: string, name: string): OperatingSystem => ({ platform: 'linux', id, like: [], version: '1', name });
const debian = linux('debian', 'Debian GNU/Linux 13 (trixie)');

run('says on another distribution what the reference is and exactly how to enter it', () => {
  const text = referenceHint(debian, 'plain').join('\n');
  assert.match(text, 'Debian GNU/Linux 13 (trixie)');
  assert.match(text, 'distrobox create --image registry.fedoraproject.org/fedora:43 --name stt\n');
  assert.match(text, 'distrobox enter stt');
  assert.not.match(text, '--nvidia');
});

run('gives the box the NVIDIA driver where there is such a card', () => {
  assert.match(referenceHint(debian, 'plain', true).join('\n'), /--name stt --nvidia\n/u);
});

run('knows that a box is entered from outside of a container', () => {
  assert.match(referenceHint(debian, 'distrobox').join('\n'), 'outside of this container: distrobox create');
});

run('is silent on Fedora, in a Fedora box, on what derives from it, and on macOS', () => {
  assert.equal(referenceHint(linux('fedora', 'Fedora Linux 43'), 'plain', true), []);
  assert.equal(referenceHint(linux('fedora', 'Fedora Linux 43'), 'distrobox'), []);
  assert.equal(referenceHint({ ...linux('nobara', 'Nobara'), like: ['fedora'] }, 'plain'), []);
  assert.equal(referenceHint({ platform: 'darwin', id: 'macos', like: [], version: '15', name: 'macOS' }, 'plain'), []);
});

run('names Fedora for WSL on Windows, where there is no Distrobox', () => {
  const windows: OperatingSystem = { platform: 'win32', id: 'windows', like: [], version: '11', name: 'Windows 11' };
  for (const [os, surroundings] of [
    [windows, 'plain'],
    [debian, 'wsl'],
  ] as const) {
    const text = referenceHint(os, surroundings).join('\n');
    assert.match(text, 'wsl --install FedoraLinux-43');
    assert.not.match(text, 'distrobox');
  }
});

run.run();
