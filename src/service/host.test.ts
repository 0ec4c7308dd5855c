import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { stableNode, stableScript, thisHost } from './host.ts';
import { workerProgram } from './service-program.ts';

const host = suite('host');

host('has the folder of settings that systemd sees, whatever this shell says', () => {
  const { XDG_CONFIG_HOME } = process.env;
  process.env['XDG_CONFIG_HOME'] = '/elsewhere';
  try {
    assert.is(thisHost(workerProgram, undefined).configHome, path.join(homedir(), '.config'));
  } finally {
    if (XDG_CONFIG_HOME === undefined) delete process.env['XDG_CONFIG_HOME'];
    else process.env['XDG_CONFIG_HOME'] = XDG_CONFIG_HOME;
  }
});

host('takes the path of Node.js that stays, where it is the same program', async () => {
  await using folder = await temporaryFolder();
  await writeFile(folder.join('node-24'), '');
  await writeFile(folder.join('other'), '');
  await symlink('node-24', folder.join('node'));
  const usual = [folder.join('missing'), folder.join('other'), folder.join('node')];
  assert.is(stableNode(folder.join('node-24'), usual), folder.join('node'));
  assert.is(stableNode(folder.join('node-24'), usual.slice(0, 2)), folder.join('node-24'));
});

host('keeps a link that an upgrade leads elsewhere, and no other program', async () => {
  await using folder = await temporaryFolder();
  await mkdir(folder.join('1.0-abc/bin'), { recursive: true });
  await writeFile(folder.join('1.0-abc/bin/stt.js'), '');
  await symlink('1.0-abc', folder.join('current'));
  await symlink('1.0-abc/bin/stt.js', folder.join('stt'));
  await writeFile(folder.join('stt.js'), '');
  const script = folder.join('1.0-abc/bin/stt.js');
  assert.is(stableScript(script, folder.join('current/bin/stt.js')), folder.join('current/bin/stt.js'));
  // A link of npm is no .js, and says less of what it is.
  for (const startedAs of [folder.join('stt'), folder.join('stt.js'), folder.join('nowhere/stt.js'), undefined]) {
    assert.is(stableScript(script, startedAs), script);
  }
});

host.run();
