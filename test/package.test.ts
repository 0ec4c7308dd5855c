// deadline: 300 s
/** The npm package, as a user gets it: built, packed, installed without dev dependencies, run from its build. */
import { copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeLibrary } from '../src/demo/samples.ts';
import { packageFolder } from '../src/package-folder.ts';
import { type ChildEnd, describeEnd, runChild } from '../src/run-child.ts';
import { samples, wrongWords } from './support/library.ts';
import { parseLogLine, startProgram, workerEnvironment } from './support/programs.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const packed = suite('the npm package');

async function npm(cwd: string, ...args: string[]): Promise<ChildEnd> {
  const end = await runChild({
    file: 'npm',
    args,
    cwd,
    inheritEnv: true,
    timeoutMs: 200_000,
    stdoutLimitBytes: 1_000_000,
  });
  if (end.exitCode !== 0) throw new Error(`npm ${args[0]}: ${describeEnd(end)}\n${end.outputTail}`);
  return end;
}

packed('holds what is needed to run, and runs a task from start to end', async () => {
  await using folder = await temporaryFolder();
  await npm(packageFolder, 'run', 'build');
  const pack = await npm(packageFolder, 'pack', '--json', '--pack-destination', folder.path);
  const [{ filename, files }] = JSON.parse(pack.stdout.slice(pack.stdout.indexOf('['))) as [
    { filename: string; files: { path: string }[] },
  ];
  const names = files.map((file) => file.path);
  for (const needed of [
    'bin/stt.js',
    'dist/src/commands/index.js',
    'dist/server/main.js',
    'whisper/pins.json',
    'whisper/demo-model/samples/digits-en-short.mp3',
    'LICENSE',
  ]) {
    assert.ok(names.includes(needed), needed);
  }
  assert.equal(
    names.filter((name) => /\.test\.|^test\/|\.ts$|\/testing\/|\/train\//u.test(name)),
    [],
  );

  // As `npm install` would, but with the versions of the lockfile, so that nothing but what is tested can fail.
  await runChild({ file: 'tar', args: ['xzf', filename], cwd: folder.path });
  const installed = folder.join('package');
  for (const name of ['package-lock.json', '.npmrc'])
    await copyFile(path.join(packageFolder, name), path.join(installed, name));
  await npm(installed, 'ci', '--omit=dev', '--prefer-offline');
  assert.not.ok((await readdir(installed)).includes('src'));

  const library = folder.join('library');
  await makeLibrary(library, samples.slice(0, 1));
  await using server = startProgram({
    args: [
      path.join(installed, 'bin', 'stt-server.js'),
      '--library',
      library,
      '--port',
      '0',
      '--database',
      folder.join('t.sqlite'),
    ],
    cwd: folder.path,
  });
  const url = parseLogLine(await server.seen(/"msg":"listening"/u)).url ?? '';
  const end = await runChild({
    file: process.execPath,
    args: [path.join(installed, 'bin', 'stt.js'), 'run', '--until-empty'],
    cwd: folder.path,
    env: workerEnvironment(folder.join('data'), url),
  });
  assert.is(end.exitCode, 0, end.outputTail);
  const [sample] = samples;
  assert.is(await wrongWords(path.join(library, `${sample?.name}.mp3`), sample?.spoken ?? ''), 0);
});

packed.run();
