/** The OpenVINO that an engine is built with: the system's, where cmake finds one that will do, else the one from PyPI. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { runChild } from '../../run-child.ts';
import type { Definitions } from './cmake-arguments.ts';
import { type OpenvinoSurroundings, pinnedOpenvino, provideEnvironment } from './openvino-python.ts';
import { runLogged } from './run-logged.ts';

export type OpenvinoPackage = {
  version: string;
  /** Of OpenVINOConfig.cmake. */
  folder: string;
};

export type SearchSurroundings = OpenvinoSurroundings & {
  /** Besides those where cmake looks; patterns. Default: Intel's own. */
  searchFolders?: readonly string[];
};

/**
 * Brings what is missing. Call with the lock held.
 * @param given By a person: where they say themselves where OpenVINO is, it is left to them.
 * @param convertsEncoder An encoder will be converted too, by the pinned version.
 * @returns for cmake: where it is.
 */
export async function provideOpenvino(
  surroundings: SearchSurroundings,
  { given, convertsEncoder }: { given: Definitions; convertsEncoder: boolean },
): Promise<Definitions> {
  if ('OpenVINO_DIR' in given || 'CMAKE_PREFIX_PATH' in given) return {};
  const ofSystem = await findOpenvinoPackage(surroundings);
  if (ofSystem !== undefined && willDo(ofSystem.version, convertsEncoder ? pinnedOpenvino() : undefined)) {
    surroundings.log.write(`OpenVINO ${ofSystem.version} in ${ofSystem.folder}`);
    return { OpenVINO_DIR: ofSystem.folder };
  }
  const python = await provideEnvironment(surroundings);
  const folder = await findInEnvironment(surroundings, python);
  // The engine finds these libraries wherever it is started from, without a variable that somebody must set.
  return { OpenVINO_DIR: folder, CMAKE_BUILD_RPATH: path.join(path.dirname(folder), 'libs') };
}

/** An encoder that was written by a newer OpenVINO may be refused by an older one. Patch versions write the same. */
export function willDo(version: string, writer: string | undefined): boolean {
  if (writer === undefined) return true;
  const [[year = 0, minor = 0], [writerYear = 0, writerMinor = 0]] = [numbers(version), numbers(writer)];
  return year > writerYear || (year === writerYear && minor >= writerMinor);
}

const numbers = (version: string): number[] => version.split('.').map(Number);

/** Where Intel's archives are unpacked; cmake does not look there. */
const intelFolders = ['/opt/intel/openvino*/runtime/cmake'];

/** Asked of cmake itself: it alone knows where it looks. */
const question = (folders: readonly string[]): string => `cmake_minimum_required(VERSION 3.13)
project(stt_question CXX)
file(GLOB places ${folders.join(' ')})
find_package(OpenVINO QUIET COMPONENTS Runtime PATHS \${places})
if(OpenVINO_FOUND)
  message(STATUS "OpenVINO \${OpenVINO_VERSION} in \${OpenVINO_DIR}")
endif()
`;

export async function findOpenvinoPackage(surroundings: SearchSurroundings): Promise<OpenvinoPackage | undefined> {
  const { paths, signal, searchFolders = intelFolders } = surroundings;
  await mkdir(paths.cache, { recursive: true });
  const folder = await mkdtemp(path.join(paths.cache, 'openvino-question-'));
  try {
    await writeFile(path.join(folder, 'CMakeLists.txt'), question(searchFolders));
    let found: OpenvinoPackage | undefined;
    await runLogged(surroundings, {
      file: 'cmake',
      args: ['-S', folder, '-B', path.join(folder, 'build')],
      timeoutMs: 120_000,
      onLine: (line) => {
        const [, version, place] = /^-- OpenVINO (\d[\d.]*) in (.+)$/u.exec(line) ?? [];
        if (version !== undefined && place !== undefined) found = { version, folder: place };
      },
    });
    signal.throwIfAborted();
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const whereIsCmake = 'from openvino.utils import get_cmake_path; print(get_cmake_path())';

async function findInEnvironment({ log, signal }: OpenvinoSurroundings, python: string): Promise<string> {
  const end = await runChild({
    file: python,
    args: ['-I', '-c', whereIsCmake],
    signal,
    timeoutMs: 60_000,
    stdoutLimitBytes: 4096,
  });
  signal.throwIfAborted();
  const folder = end.stdout.trim();
  if (end.exitCode === 0 && path.isAbsolute(folder)) return folder;
  throw new AppError(`The OpenVINO that was installed does not say where its files for cmake are: ${end.outputTail}`, {
    code: 'STT_OPENVINO_INSTALL',
    hint: `Install OpenVINO's development package of your distribution, or use another --backend. The whole output: ${log.file}`,
    exitCode: exitCodes.unavailable,
  });
}
