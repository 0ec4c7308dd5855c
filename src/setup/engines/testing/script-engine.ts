/** Shell scripts that stand in for whisper-cli while engines are proven, compared, switched and adopted. Used by tests only. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type DataPaths, dataPaths } from '../../../config/data-paths.ts';
import { systemClock } from '../../../clock.ts';
import type { EngineRecord } from '../engine-record.ts';

export type ScriptEngine = {
  /** Run before it writes its transcript. */
  script?: string;
  /** It does not know `--version` where undefined. */
  version?: string;
};

const transcript = 'WEBVTT\\n\\n00:00:00.000 --> 00:00:05.900\\n five six\\n\\n';

/** What whisper.cpp says on a machine with one card. */
export const onCuda = `
  echo 'ggml_cuda_init: found 1 CUDA devices (Total VRAM: 24126 MiB):' >&2
  echo '  Device 0: NVIDIA GeForce RTX 3090, compute capability 8.6, VMM: yes, VRAM: 24126 MiB' >&2
  echo 'whisper_backend_init_gpu: using CUDA0 backend' >&2`;

/** What a build for CUDA says where there is no driver. */
export const withoutDriver = `
  echo 'ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected' >&2
  echo 'whisper_backend_init_gpu: no GPU found' >&2`;

/** Notes each run for a recording in `FILE.runs`: its GGML variables and arguments. */
export async function writeScriptEngine(file: string, { script = '', version }: ScriptEngine = {}): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const saysVersion =
    version === undefined ? 'echo "error: unknown argument: $1" >&2' : `echo 'whisper.cpp version: ${version}'`;
  await writeFile(
    file,
    `#!/bin/sh
case "$1" in --help) exit 0;; --version) ${saysVersion}; exit 0;; esac
echo "$(env | grep ^GGML_ | sort | tr '\\n' ' ')$*" >> '${file}.runs'
before=
for word; do [ "$before" = -of ] && out=$word; before=$word; done
${script}
printf '${transcript}' > "$out.vtt"
`,
    { mode: 0o755 },
  );
}

export async function runsOf(file: string): Promise<string[]> {
  const text = await readFile(`${file}.runs`, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

export const emptyData = (folder: { join: (...parts: string[]) => string }): DataPaths =>
  dataPaths(folder.join('data'));

/** Puts an engine among the others, as if it had been built. @returns its folder. */
export async function placeScriptEngine(
  paths: DataPaths,
  name: string,
  record: Partial<EngineRecord> = {},
  engine: ScriptEngine = {},
): Promise<string> {
  const folder = path.join(paths.engines, name);
  await writeScriptEngine(path.join(folder, 'build/bin/whisper-cli'), engine);
  const [backend = 'cpu', version = '1.0'] = name.split('-');
  const whole = {
    key: 'any',
    backend,
    source: { kind: 'release', version, digest: 'sha256:0', origin: 'release v1' },
    definitions: {},
    targets: ['whisper-cli'],
    builtAt: '2026-01-01T00:00:00.000Z',
    ...record,
  };
  const { key, source } = whole;
  await writeFile(path.join(folder, 'source.json'), JSON.stringify({ key, backend: whole.backend, source }));
  await writeFile(path.join(folder, 'engine.json'), JSON.stringify(whole));
  return folder;
}

/** Script engines look into no model. */
export const benchOptions = () => ({
  model: { name: 'medium', file: '/models/ggml-medium.bin', sha256: 'a'.repeat(64) },
  threads: 1,
  signal: new AbortController().signal,
  clock: systemClock,
});

export const someProof = (device: string) => ({
  at: '2026-01-02T03:04:05.000Z',
  model: { name: 'medium', sha256: 'a'.repeat(64) },
  device,
  speed: 3,
  devices: [],
});
