/**
 * A tiny CMake project that calls itself whisper.cpp: three programs of a few C files each. A real cmake and a real compiler build
 * it in a second or two, so that set-up can be tested whole.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { create } from 'tar';
import { systemClock } from '../../src/clock.ts';
import { dataPaths } from '../../src/config/data-paths.ts';
import type { SetupRequest, SetupWishes } from '../../src/setup/setup-request.ts';
import type { Pins } from '../../src/setup/whisper-data.ts';

const tinyVersion = '9.9.9';

const targets = ['whisper-cli', 'whisper-server', 'whisper-bench'];

export type TinyOptions = {
  /** C files of whisper-cli, besides its main. */
  parts?: number;
  version?: string;
  /** The body of whisper-cli's main, with `argc`, `argv` and `transcribe(argc, argv)`; `HAS_BLAS` is 1 where the engine was built with GGML_BLAS, else 0. */
  main?: string;
  /** GGML_BLAS cannot be had: cmake says so. */
  isWithoutBlas?: boolean;
};

/** Hears the same few words in everything that it is given. */
const transcribe = `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int transcribe(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i++) if (strcmp(argv[i], "-of") == 0) {
    char name[4096];
    snprintf(name, sizeof name, "%s.vtt", argv[i + 1]);
    FILE *file = fopen(name, "w");
    if (file == NULL) return 1;
    fputs("WEBVTT\\n\\n00:00:00.000 --> 00:00:05.900\\n five six\\n\\n", file);
    fclose(file);
  }
  return 0;
}
`;

/** Makes the tree in `folder`. */
export async function makeTinyWhisper(folder: string, options: TinyOptions = {}): Promise<void> {
  const { parts = 2, version = tinyVersion, main = 'return transcribe(argc, argv);', isWithoutBlas = false } = options;
  await mkdir(folder, { recursive: true });
  const partFiles = Array.from({ length: parts }, (_, index) => `part${index}.c`);
  const file = (name: string, text: string): Promise<void> => writeFile(path.join(folder, name), text);
  await file(
    'CMakeLists.txt',
    [
      'cmake_minimum_required(VERSION 3.10)',
      // The compiler is known to work; cmake's own look at it takes longer than the build.
      'set(CMAKE_C_COMPILER_FORCED TRUE)',
      'project("whisper.cpp" C)',
      `project("whisper.cpp" VERSION ${version} LANGUAGES C)`,
      'set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)',
      'if(GGML_BLAS)',
      ...(isWithoutBlas ? ['  message(FATAL_ERROR "BLAS not found")'] : []),
      '  set_source_files_properties(cli.c PROPERTIES COMPILE_DEFINITIONS HAS_BLAS=1)',
      'endif()',
      'if(WHISPER_OPENVINO)',
      '  find_package(OpenVINO REQUIRED COMPONENTS Runtime)',
      'endif()',
      `add_executable(whisper-cli cli.c ${partFiles.join(' ')})`,
      ...targets.slice(1).map((target) => `add_executable(${target} other.c)`),
      '',
    ].join('\n'),
  );
  await file(
    'cli.c',
    `#ifndef HAS_BLAS\n#define HAS_BLAS 0\n#endif\n${transcribe}int main(int argc, char **argv) { ${main} }\n`,
  );
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

export type TinyRelease = { archive: string; npmTarball: string; pins: Pins };

/** A release and an npm package with a tiny whisper.cpp in each, and the pins for them. Nobody serves them. */
export async function tinyRelease(folder: string): Promise<TinyRelease> {
  const [archive, npmTarball] = [path.join(folder, 'release.tar.gz'), path.join(folder, 'npm.tgz')];
  await makeTinyWhisper(path.join(folder, 'whisper.cpp-9.9.9'));
  await packTiny(path.join(folder, 'whisper.cpp-9.9.9'), archive);
  await makeTinyWhisper(path.join(folder, 'package/cpp/whisper.cpp'), { version: '9.9.8' });
  await packTiny(path.join(folder, 'package'), npmTarball);
  const digest = async (file: string, algorithm: string, encoding: 'hex' | 'base64'): Promise<string> =>
    createHash(algorithm)
      .update(await readFile(file))
      .digest(encoding);
  const release = {
    version: tinyVersion,
    tag: `v${tinyVersion}`,
    commit: '0123456789abcdef0123456789abcdef01234567',
    url: 'http://127.0.0.1:1/nothing.tar.gz',
    sha256: await digest(archive, 'sha256', 'hex'),
  };
  const integrity = `sha512-${await digest(npmTarball, 'sha512', 'base64')}`;
  return {
    archive,
    npmTarball,
    pins: { release, npm: { version: '9.9.8', package: 'tiny-whisper', packageVersion: '1.0.0', integrity } },
  };
}

export type TinySetupRequest = SetupRequest & SetupWishes & { said: string[] };

/** A request as the command makes it, into `data/` of the folder. The pinned release is served by nobody, unless a test does. */
export async function tinySetupRequest(
  folder: { join: (...parts: string[]) => string },
  more: Partial<SetupRequest & SetupWishes> = {},
): Promise<TinySetupRequest> {
  const { archive, pins } = await tinyRelease(folder.join('tiny'));
  const said: string[] = [];
  return {
    backend: 'cpu',
    source: archive,
    definitions: [],
    jobs: undefined,
    isForced: false,
    consent: 'never',
    ask: undefined,
    paths: dataPaths(folder.join('data')),
    pins,
    releaseUrl: undefined,
    clock: systemClock,
    signal: new AbortController().signal,
    say: (line) => said.push(line),
    said,
    ...more,
  };
}
