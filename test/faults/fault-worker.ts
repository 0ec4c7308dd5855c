/**
 * Our worker (`stt run --json`) in a process of its own, with an engine that a test leads: to be killed, stopped and started again
 * with the same data folder. Its events come as they are told. It is ended with the test, however the test ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { dataPaths } from '../../src/config/data-paths.ts';
import type { WorkerEvent } from '../../src/worker/worker-event.ts';
import { eventually } from '../support/eventually.ts';
import { workerProgram } from '../support/programs.ts';

type EventOf<Kind extends WorkerEvent['event']> = Extract<WorkerEvent, { event: Kind }>;

export type FaultWorker = AsyncDisposable & {
  pid: number;
  events: WorkerEvent[];
  all: <Kind extends WorkerEvent['event']>(kind: Kind) => EventOf<Kind>[];
  /** Waits for the first event of this kind that matches. Rejects where the worker ends without, or is silent for too long. */
  saw: <Kind extends WorkerEvent['event']>(
    kind: Kind,
    matches?: (event: EventOf<Kind>) => boolean,
    timeoutMs?: number,
  ) => Promise<EventOf<Kind>>;
  signal: (name: NodeJS.Signals) => void;
  ended: Promise<{ exitCode: number | null; signalName: string | null }>;
  /** What it said on standard error, for who wants to know why a test failed. */
  complaints: () => string;
  /** The most that the process itself ever held, without its children. */
  mostMemoryBytes: () => number;
};

export type FaultWorkerOptions = {
  dataFolder: string;
  serverUrl: string;
  engineFile: string;
  args?: readonly string[];
  env?: Record<string, string>;
  /** Default: the data folder. */
  workingFolder?: string;
};

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function startFaultWorker(options: FaultWorkerOptions): FaultWorker {
  const { dataFolder, serverUrl, engineFile, args = [], env = {}, workingFolder = dataFolder } = options;
  const { models } = dataPaths(dataFolder);
  mkdirSync(models, { recursive: true });
  writeFileSync(path.join(models, 'ggml-any.bin'), '');
  const child = spawn(process.execPath, [workerProgram, 'run', '--json', ...args], {
    cwd: workingFolder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      NODE_COMPILE_CACHE: path.join(tmpdir(), 'stt-test-compile-cache'),
      SERVER_URL: serverUrl,
      STT_DATA_DIR: dataFolder,
      STT_WHISPER_CLI: engineFile,
      STT_MODEL: 'any',
      STT_STOP_SECONDS: '6',
      NODE_NAME: 'tester',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const pid = child.pid ?? 0;
  const events: WorkerEvent[] = [];
  const complaints: string[] = [];
  let mostMemoryBytes = 0;
  let isOver = false;
  const look = (): void => {
    mostMemoryBytes = highWaterMark(pid) ?? mostMemoryBytes;
  };
  const watch = setInterval(look, 100);
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as WorkerEvent);
    look();
  });
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  const ended = once(child, 'close').then(([exitCode, signalName]: (string | number | null)[]) => {
    isOver = true;
    running.delete(child);
    clearInterval(watch);
    return { exitCode: exitCode as number | null, signalName: signalName as string | null };
  });
  const all = <Kind extends WorkerEvent['event']>(kind: Kind): EventOf<Kind>[] =>
    events.filter((event): event is EventOf<Kind> => event.event === kind);
  const told = (): string => `${complaints.join('\n')}\n${events.map((event) => JSON.stringify(event)).join('\n')}`;

  return {
    pid,
    events,
    all,
    signal: (name) => child.kill(name),
    ended,
    complaints: () => complaints.join('\n'),
    mostMemoryBytes: () => mostMemoryBytes,
    async saw(kind, matches = () => true, timeoutMs = 15_000) {
      const find = (): EventOf<typeof kind> | undefined => all(kind).find(matches);
      await eventually(() => find() !== undefined || isOver, `${kind} is told`, timeoutMs).catch((error: unknown) => {
        throw new Error(`${String(error)}:\n${told()}`);
      });
      const event = find();
      if (event === undefined) throw new Error(`the worker ended without ${kind}:\n${told()}`);
      return event;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function highWaterMark(pid: number): number | undefined {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    // A process that is just ending has none.
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
}
