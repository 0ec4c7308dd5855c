/** Runs a worker inside a test: a data folder of its own, a fake engine, and every event at hand. Used by tests only. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '../../../test/support/eventually.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { type DataPaths, dataPaths } from '../../config/data-paths.ts';
import { parseSettings } from '../../config/parse-settings.ts';
import { workerSettings } from '../../config/worker-settings.ts';
import { fakeWhisperCli, type FakeWhisperCli, type Habit } from '../../engine/testing/fake-whisper-cli.ts';
import { packageFolder } from '../../package-folder.ts';
import type { ServiceNotifier } from '../../sd-notify.ts';
import { runWorker } from '../run-worker.ts';
import type { RunMode } from '../pipeline/supply.ts';
import type { Summary, WorkerEvent } from '../worker-event.ts';

export type TestWorker = AsyncDisposable & {
  paths: DataPaths;
  engine: FakeWhisperCli;
  events: WorkerEvent[];
  /** Waits for the first event of this kind. */
  saw: <Kind extends WorkerEvent['event']>(kind: Kind) => Promise<Extract<WorkerEvent, { event: Kind }>>;
  /** How the run ends. */
  ended: Promise<Summary>;
  /** The first signal, and the second. */
  stop: () => void;
  stopNow: () => void;
};

export type TestWorkerOptions = {
  serverUrl: string;
  mode?: RunMode;
  habit?: Habit;
  /** Further settings, as the environment has them. */
  env?: Record<string, string>;
  clock?: Clock;
  notifier?: ServiceNotifier;
  /** Prepares the data folder. */
  prepare?: (paths: DataPaths) => Promise<void>;
};

export async function startWorker(options: TestWorkerOptions): Promise<TestWorker> {
  const folder = await temporaryFolder();
  const paths = dataPaths(folder.path);
  const engine = await fakeWhisperCli(folder.join('whisper-cli'), options.habit ?? 'works');
  await mkdir(paths.models);
  await writeFile(path.join(paths.models, 'ggml-any.bin'), '');
  await options.prepare?.(paths);

  const events: WorkerEvent[] = [];
  const drain = new AbortController();
  const abort = new AbortController();
  const settings = parseSettings(workerSettings, {
    SERVER_URL: options.serverUrl,
    STT_WHISPER_CLI: engine.file,
    STT_MODEL: 'any',
    NODE_NAME: 'tester',
    ...options.env,
  });
  const ended = runWorker({
    settings,
    paths,
    ancestorFolder: folder.path,
    mode: options.mode ?? 'forever',
    report: (event) => events.push(event),
    shutdown: { drain: drain.signal, abort: abort.signal },
    ...(options.notifier === undefined ? {} : { notifier: options.notifier }),
    clock: options.clock ?? systemClock,
    processors: 1,
  });
  // A test that looks elsewhere first must not end by an unhandled rejection.
  ended.catch(() => {});

  return {
    paths,
    engine,
    events,
    saw: (kind) =>
      eventually(
        () => events.find((event): event is Extract<WorkerEvent, { event: typeof kind }> => event.event === kind),
        `the event ${kind}`,
      ),
    ended,
    stop: () => drain.abort(new Error('stopped by a test')),
    stopNow: () => abort.abort(new Error('stopped at once by a test')),
    async [Symbol.asyncDispose]() {
      drain.abort(new Error('the test is over'));
      abort.abort(new Error('the test is over'));
      await ended.catch(() => {});
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The sample of about six seconds. */
export const readSample = (): Promise<Buffer> =>
  readFile(path.join(packageFolder, 'whisper', 'demo-model', 'samples', 'digits-en-short.mp3'));

/** Names of the letters that wait in an outbox. */
export async function lettersIn(outbox: string): Promise<string[]> {
  return (await readdir(outbox)).filter((name) => name.endsWith('.json'));
}
