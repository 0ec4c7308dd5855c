/** What goes into the RPM: what the server reaches, all of it, and nothing else. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { findRuntimeFiles, isReadAtRunTime } from './find-runtime-files.ts';

const runtime = suite('the files of the RPM');

async function tree(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

const build = {
  'bin/stt-server.js': `import { run } from './run.js';\n`,
  'bin/run.js': `const oclif = await import("@scope/cli/sub");\n`,
  'bin/stt.js': `import 'got';\n`,
  'dist/server/main.js': `import {\n  a,\n} from '../src/a.js';\nimport fs from 'node:fs';\n`,
  // Started by its name; nobody imports it.
  'dist/server/thread.js': `import 'used';\n`,
  'dist/src/a.js': `export * from './deep/b.js';\n`,
  'dist/src/deep/b.js': '',
  'dist/src/worker.js': `import 'got';\n`,
};

const modules = {
  'node_modules/@scope/cli/package.json': JSON.stringify({
    version: '1.0.0',
    license: 'MIT',
    dependencies: { used: '^2' },
  }),
  'node_modules/@scope/cli/index.js': '',
  'node_modules/@scope/cli/node_modules/used/package.json': '{"version":"2.0.0","license":"ISC"}',
  'node_modules/@scope/cli/node_modules/used/LICENCE.md': 'terms',
  'node_modules/used/package.json': JSON.stringify({
    version: '1.0.0',
    license: 'ISC',
    dependencies: { deep: '1', 'only-mac': '1' },
    optionalDependencies: { 'only-mac': '1' },
  }),
  'node_modules/used/lib/index.js': '',
  'node_modules/used/lib/index.d.ts': '',
  'node_modules/used/lib/index.js.map': '',
  'node_modules/used/test/a.js': '',
  'node_modules/used/cli.js': '#!/usr/bin/env node\n',
  'node_modules/used/README.md': '',
  'node_modules/used/LICENSE': 'terms',
  'node_modules/used/.github/x.js': '',
  'node_modules/deep/package.json': '{"version":"3.0.0","license":"MIT"}',
  'node_modules/got/package.json': '{"version":"4.0.0","license":"MIT"}',
};

runtime('are what the server imports, its threads, and whole packages with their dependencies', async () => {
  await using folder = await temporaryFolder();
  await tree(folder.path, { ...build, ...modules });
  const { programFiles, packages } = await findRuntimeFiles(folder.path, folder.path);
  assert.equal(programFiles, [
    'bin/run.js',
    'bin/stt-server.js',
    'dist/server/main.js',
    'dist/server/thread.js',
    'dist/src/a.js',
    'dist/src/deep/b.js',
  ]);
  assert.equal(
    packages.map(({ folder, version, files }) => [folder, version, ...files]),
    [
      ['node_modules/@scope/cli', '1.0.0', 'index.js', 'package.json'],
      ['node_modules/@scope/cli/node_modules/used', '2.0.0', 'LICENCE.md', 'package.json'],
      ['node_modules/deep', '3.0.0', 'package.json'],
      ['node_modules/used', '1.0.0', 'LICENSE', 'lib/index.js', 'package.json'],
    ],
  );
  for (const file of programFiles) assert.ok(existsSync(folder.join(file)));
});

runtime('a package that is imported and not there is an error, which names both', async () => {
  await using folder = await temporaryFolder();
  const { 'node_modules/deep/package.json': _gone, ...others } = modules;
  await tree(folder.path, { ...build, ...others });
  let message = '';
  await findRuntimeFiles(folder.path, folder.path).catch((error: Error) => ({ message } = error));
  assert.match(message, /The package deep, which node_modules\/used imports/u);
});

runtime('terms are always passed on', () => {
  for (const name of ['LICENSE', 'license.md', 'LICENCE-MIT', 'COPYING', 'NOTICE', 'docs/LICENSE.html'])
    assert.ok(isReadAtRunTime(name), name);
  for (const name of ['README.md', 'docs/a.js', 'example.js', 'eslint.config.js', 'index.d.cts'])
    assert.not.ok(isReadAtRunTime(name), name);
  for (const name of ['lib/test.js', 'lib/docs/a.js', 'tests.js', 'data.json']) assert.ok(isReadAtRunTime(name), name);
});

runtime.run();
