/** A request to build a tiny whisper.cpp, with a log in the test's folder and all that was said. */
import { makeTinyWhisper, type TinyOptions } from '../../../../test/support/tiny-whisper.ts';
import { openBuildLog } from '../build-log.ts';
import type { BuildRequest } from '../run-cmake.ts';

export type TinyBuild = BuildRequest & Disposable & { said: string[] };

export const tinyVariants = [
  { name: 'plain', definitions: { GGML_BLAS: 'OFF' } },
  { name: 'openblas', definitions: { GGML_BLAS: 'ON' } },
];

export async function tinyBuild(
  folder: { join: (...parts: string[]) => string },
  tiny: TinyOptions = {},
  more: Partial<BuildRequest> = {},
): Promise<TinyBuild> {
  await makeTinyWhisper(folder.join('engine'), tiny);
  const log = openBuildLog(folder.join('build.log'));
  const said: string[] = [];
  return {
    folder: folder.join('engine'),
    plan: { definitions: {}, targets: ['whisper-cli', 'whisper-server'] },
    jobs: 2,
    log,
    signal: new AbortController().signal,
    onStart: () => {},
    say: (line) => said.push(line),
    said,
    ...more,
    [Symbol.dispose]: () => log[Symbol.dispose](),
  };
}
