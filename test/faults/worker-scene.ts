/**
 * A worker at work for the real server, over a line that a test may cut, with an engine and an ffmpeg that it leads; and the ways to
 * have it stand still in each stage of a task. What is done to it there is for the tests.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type DataPaths, dataPaths } from '../../src/config/data-paths.ts';
import { type CutProxy, startCutProxy } from '../support/cut-proxy.ts';
import { eventually } from '../support/eventually.ts';
import type { HurriedClock } from '../support/hurried-server.ts';
import { addRecording, shortSample } from '../support/library.ts';
import { isRunning, processesOf } from '../support/processes.ts';
import { freePort, startServerProcess, type ServerProcess } from '../support/server-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type FaultWorker, startFaultWorker } from './fault-worker.ts';
import { heldFfmpeg, type HeldFfmpeg } from './held-ffmpeg.ts';
import { scriptedEngine, type ScriptedEngine } from './scripted-engine.ts';

/** Where a task can be when something happens: being downloaded, decoded, waiting for a slot, in a slot, on its way back. */
export const stages = ['download', 'decode', 'ready', 'transcribe', 'deliver'] as const;
export type Stage = (typeof stages)[number];

export type ApiTask = { path: string; state: string; attempts: number; grants: number; reason: string | null };

export type Scene = AsyncDisposable & {
  library: string;
  dataFolder: string;
  paths: DataPaths;
  proxy: CutProxy;
  engine: ScriptedEngine;
  ffmpeg: HeldFfmpeg;
  /** A worker with the data folder of the scene. */
  startWorker: (more?: { args?: readonly string[]; env?: Record<string, string> }) => FaultWorker;
  /** Ends the server and starts it again on the same port, with a clock that runs so many times as fast. */
  hurryServer: (speed: number) => Promise<void>;
  tasks: () => Promise<ApiTask[]>;
  /** Engines and ffmpegs of the scene that run, and whatever else works with its data folder. */
  running: () => string[];
  /** Everything in the work folder. */
  workFiles: () => string[];
  letters: () => string[];
};

const hurriedServer = path.join(import.meta.dirname, '..', 'support', 'hurried-server.ts');

export type SceneOptions = { recordings?: Record<string, Uint8Array>; serverEnv?: Record<string, string> };

export async function openScene({ recordings, serverEnv }: SceneOptions = {}): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const [library, state, dataFolder] = ['library', 'server', 'worker'].map((name) => folder.join(name)) as [
    string,
    string,
    string,
  ];
  await mkdir(library);
  await mkdir(state);
  await mkdir(dataFolder);
  for (const [name, bytes] of Object.entries(recordings ?? { 'one.mp3': recordingNumber(1) })) {
    await addRecording(library, name, bytes);
  }
  const port = await freePort();
  let server: ServerProcess = await startServerProcess({
    library,
    stateFolder: state,
    port,
    env: { ...serverEnv },
  });
  opened.defer(() => server[Symbol.asyncDispose]());
  const proxy = opened.use(await startCutProxy(port));
  const engine = scriptedEngine(folder.join('whisper-cli'));
  const ffmpeg = heldFfmpeg(folder.join('bin'));
  const paths = dataPaths(dataFolder);
  const programs = (): number[] => [...engine.runs().map(({ pid }) => pid), ...ffmpeg.pids()].filter(isRunning);
  opened.defer(() => {
    // Where a test failed because they run on.
    for (const pid of programs()) process.kill(pid, 'SIGKILL');
  });
  const workers = opened.use(new AsyncDisposableStack());

  const scene: Omit<Scene, typeof Symbol.asyncDispose> = {
    library,
    dataFolder,
    paths,
    proxy,
    engine,
    ffmpeg,
    startWorker: ({ args = [], env = {} } = {}) =>
      workers.use(
        startFaultWorker({
          dataFolder,
          serverUrl: proxy.url,
          engineFile: engine.file,
          args,
          env: { PATH: ffmpeg.searchPath, ...env },
        }),
      ),
    async hurryServer(speed) {
      await server.kill();
      const clock: HurriedClock = { realMs: Date.now(), shownMs: Date.now(), speed };
      server = await startServerProcess({
        library,
        stateFolder: state,
        port,
        program: hurriedServer,
        env: { ...serverEnv, TEST_CLOCK: JSON.stringify(clock) },
      });
    },
    async tasks() {
      const response = await fetch(`http://127.0.0.1:${port}/api/tasks`, { headers: { Connection: 'close' } });
      const { tasks } = (await response.json()) as { tasks: ApiTask[] };
      return tasks.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    },
    running: () => [
      ...programs().map(String),
      ...processesOf(folder.path)
        .filter(({ commandLine, workingFolder }) => !`${commandLine}${workingFolder}`.includes(state))
        .map(({ commandLine }) => commandLine),
    ],
    workFiles: () => listAll(paths.work),
    letters: () => (existsSync(paths.outbox) ? readdirSync(paths.outbox).filter((name) => name.endsWith('.json')) : []),
  };
  const all = opened.move();
  return Object.assign(scene, { [Symbol.asyncDispose]: () => all.disposeAsync() });
}

const listAll = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];

/** Six seconds of speech, with a title that makes the file another one. */
export function recordingNumber(number: number): Buffer {
  const title = Buffer.alloc(128);
  title.write(`TAG${number}`);
  return Buffer.concat([readFileSync(shortSample), title]);
}

/** What a scene needs so that a worker can be brought to this stage. */
export const sceneFor = (stage: Stage): SceneOptions =>
  stage === 'ready' ? { recordings: { 'one.mp3': recordingNumber(1), 'two.mp3': recordingNumber(2) } } : {};

/** Starts a worker and waits until its task (in `ready`: its second one) stands still in this stage. */
export async function startWorkerIn(
  stage: Stage,
  scene: Scene,
  env: Record<string, string> = {},
): Promise<FaultWorker> {
  const { proxy, engine, ffmpeg } = scene;
  if (stage === 'download') proxy.blackHole(/^GET \/task/u, { answerBytes: 5000 });
  if (stage === 'decode') ffmpeg.hold();
  if (stage === 'ready' || stage === 'transcribe') engine.behave('hangs');
  if (stage === 'deliver') proxy.blackHole(/^POST \/result/u);
  const worker = scene.startWorker({ env });
  await worker.saw('started');
  const file = (name: string): string | undefined =>
    scene
      .workFiles()
      .map((found) => path.join(scene.paths.work, found))
      .find((found) => found.endsWith(name));
  const sizeOf = (found: string | undefined): number => (found === undefined ? 0 : sizeIfThere(found));
  const isThere: Record<Stage, () => boolean> = {
    download: () => sizeOf(file('/recording')) > 0,
    decode: () => ffmpeg.pids().length > 0,
    ready: () =>
      engine.runsOnRecordings().length > 0 &&
      sizeOf(file('task-3/audio.wav')) > 100_000 &&
      file('task-3/recording') === undefined,
    transcribe: () => engine.runsOnRecordings().length > 0,
    deliver: () => scene.letters().length > 0 && proxy.requests.some((line) => line.startsWith('POST /result')),
  };
  await eventually(isThere[stage], `a task stands still: ${stage}\n${worker.complaints()}`, 20_000);
  return worker;
}

function sizeIfThere(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
