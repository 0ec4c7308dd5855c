/**
 * `node packaging/rpm/stage.ts BUILD FOLDER FACTS VERSION [NODE_PACKAGE NODE_VERSION]`: lays out in FOLDER what the RPM installs as the program, from
 * BUILD (bin/ and dist/, compiled) and this clone's node_modules, and writes FACTS for the spec. Called by packaging/rpm/build.
 */
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packageFolder } from '../../src/package-folder.ts';
import { findRuntimeFiles } from './find-runtime-files.ts';
import { writeFacts } from './write-facts.ts';

const [build = '', folder = '', facts = '', version = '', nodeName, nodeVersion] = process.argv.slice(2);

async function put(name: string, content: string): Promise<void> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}

async function copy(from: string, name: string): Promise<void> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await copyFile(path.join(from, name), file);
  // Nothing of it is started by itself: a mark as a program would only make RPM ask for bash and env.
  await chmod(file, 0o644);
}

const { programFiles, packages } = await findRuntimeFiles(build, packageFolder);
for (const name of programFiles) await copy(build, name);
for (const bundled of packages) {
  for (const name of bundled.files) await copy(packageFolder, path.join(bundled.folder, name));
}

const manifest = JSON.parse(await readFile(path.join(packageFolder, 'package.json'), 'utf8')) as Manifest;
type Manifest = {
  name: string;
  description: string;
  license: string;
  type: string;
  engines: { node: string };
  oclif: object;
};
const { name, description, license, type, engines, oclif } = manifest;
// What is read of it, without what concerns a clone.
const shipped = { name, version, description, license, type, private: true, engines, oclif };
await put('package.json', `${JSON.stringify(shipped, undefined, 2)}\n`);
// The wrapper knows which Node.js; a `#!/usr/bin/env node` would take any, and make the RPM ask for it.
const entry = await readFile(path.join(build, 'bin', 'stt-server.js'), 'utf8');
await put('bin/stt-server.js', entry.replace(/^#!.*\n/u, ''));

const node = nodeName === undefined || nodeVersion === undefined ? undefined : { name: nodeName, version: nodeVersion };
await writeFile(facts, writeFacts({ version, nodeRange: engines.node, licence: license, packages, node }));
