/**
 * A python3 that knows of virtual environments, pip and the conversion for OpenVINO just as much as set-up asks for. Nothing is
 * downloaded; every call is recorded.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { type FakePrograms, fakePrograms } from '../../../../test/support/fake-programs.ts';
import { dataPaths } from '../../../config/data-paths.ts';
import { openBuildLog } from '../build-log.ts';
import type { OpenvinoSurroundings } from '../openvino-python.ts';

export type FakePythonOptions = {
  version?: string;
  /** Shell lines run instead of what `-m venv`, pip and the conversion do. */
  venv?: string;
  pip?: string;
  convert?: string;
};

const makeVenv = 'mkdir -p "$3/bin"; cp "$0" "$3/bin/python"';
const install =
  'echo "Collecting openvino"; echo "Collecting torch"; mkdir -p "$here/openvino/cmake"; touch "$here/installed"';
/** As whisper.cpp's script does it: beside itself. */
const write =
  'echo " 42%|####" >&2; for kind in xml bin; do echo "$4" > "${2%/*}/ggml-$4-encoder-openvino.$kind"; done';

export function fakePython(options: FakePythonOptions = {}): Promise<FakePrograms> {
  const { version = '3.12', venv = makeVenv, pip = install, convert = write } = options;
  return fakePrograms({
    python3: `
here="\${0%/*}/.."
case "$*" in
  "-c import sys"*) echo ${version} ;;
  "-m venv "*) ${venv} ;;
  "-I -m pip install "*) ${pip} ;;
  "-I -c import openvino") test -e "$here/installed" ;;
  "-I -c from openvino.utils"*) cd "$here/openvino/cmake" && pwd ;;
  *" --model "*) ${convert} ;;
  *) exit 9 ;;
esac`,
    // Those that may lie on a real machine beside it.
    ...Object.fromEntries([10, 11, 12, 13].map((minor) => [`python3.${minor}`, 'exit 1'])),
  });
}

export type OpenvinoTest = OpenvinoSurroundings & Disposable & { said: string[] };

export async function openvinoTest(folder: { join: (...parts: string[]) => string }): Promise<OpenvinoTest> {
  const paths = dataPaths(folder.join('data'));
  await mkdir(folder.join('engine/models'), { recursive: true });
  await writeFile(folder.join('engine/models/convert-whisper-to-openvino.py'), '# whisper.cpp brings it\n');
  const log = openBuildLog(folder.join('setup.log'));
  const said: string[] = [];
  return {
    paths,
    log,
    signal: new AbortController().signal,
    onStart: () => {},
    say: (line) => said.push(line),
    said,
    [Symbol.dispose]: () => log[Symbol.dispose](),
  };
}
