/**
 * A tiny CMake project that calls itself whisper.cpp: three programs of a few C files each. A real cmake and a real compiler build
 * it in a second or two, so that set-up can be tested whole.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { create } from 'tar';
import type { Pins } from '../../src/setup/whisper-data.ts';

export const tinyVersion = '9.9.9';

const targets = ['whisper-cli', 'whisper-server', 'whisper-bench'];

export type TinyOptions = {
  /** C files of whisper-cli, besides its main. */
  parts?: number;
  version?: string;
  /** Lines added to CMakeLists.txt. */
  cmake?: string;
  /** The body of whisper-cli's main. */
  main?: string;
};

/** Makes the tree in `folder`. */
export async function makeTinyWhisper(folder: string, options: TinyOptions = {}): Promise<void> {
  const { parts = 2, version = tinyVersion, cmake = '', main = 'return 0;' } = options;
  await mkdir(folder, { recursive: true });
  const partFiles = Array.from({ length: parts }, (_, index) => `part${index}.c`);
  const file = (name: string, text: string): Promise<void> => writeFile(path.join(folder, name), text);
  await file(
    'CMakeLists.txt',
    [
      'cmake_minimum_required(VERSION 3.10)',
      'project("whisper.cpp" C)',
      `project("whisper.cpp" VERSION ${version})`,
      'set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)',
      `add_executable(whisper-cli cli.c ${partFiles.join(' ')})`,
      ...targets.slice(1).map((target) => `add_executable(${target} other.c)`),
      cmake,
    ].join('\n'),
  );
  await file('cli.c', `int main(void) { ${main} }\n`);
  await file('other.c', 'int main(void) { return 0; }\n');
  await Promise.all(
    partFiles.map((name, index) =>
      file(name, `int part${index}(void);\nint part${index}(void) { return ${index}; }\n`),
    ),
  );
}

/** Packs `folder` as a release is packed: one directory at the top. */
export async function packTiny(folder: string, archive: string): Promise<void> {
  await create({ file: archive, gzip: true, cwd: path.dirname(folder), portable: true }, [path.basename(folder)]);
}

/** Pins for an archive that was packed above; the npm package is one that does not exist. */
export async function tinyPins(archive: string): Promise<Pins> {
  const sha256 = createHash('sha256')
    .update(await readFile(archive))
    .digest('hex');
  return {
    release: {
      version: tinyVersion,
      tag: `v${tinyVersion}`,
      commit: '0123456789abcdef0123456789abcdef01234567',
      url: 'http://127.0.0.1:1/nothing.tar.gz',
      sha256,
    },
    npm: { version: '9.9.8', package: 'tiny-whisper', packageVersion: '1.0.0', integrity: 'sha512-none' },
  };
}
