/** Our worker in a process of its own, its events as they come, and its memory. It is ended with the benchmark. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { WorkerEvent } from '../../src/worker/worker-event.ts';
import { testEngine } from '../support/engine.ts';
import { workerProgram } from '../support/programs.ts';

/** With the wall time (ms) at which the worker told it, and what its process held when that was heard. */
export type TimedEvent = WorkerEvent & { atMs: number; residentBytes: number };

export type WorkerProcess = AsyncDisposable & {
  pid: number;
  events: TimedEvent[];
  /** The first event that matches, also one that was told already. Rejects when the worker ends without. */
  seen: (matches: (event: TimedEvent) => boolean) => Promise<TimedEvent>;
  ended: Promise<void>;
  stop: () => Promise<void>;
  /** The most that the process itself ever held, without its children. */
  mostBytes: () => number;
};

export type WorkerProcessOptions = {
  dataFolder: string;
  serverUrl: string;
  args?: readonly string[];
  env?: Record<string, string>;
};

/** The engine of the tests, or another one with another model, for a machine with a GPU. */
export function benchEngine(): { whisperCli: string; model: string } {
  const { STT_WHISPER_CLI: whisperCli, STT_MODEL: model } = process.env;
  return whisperCli === undefined || model === undefined ? testEngine() : { whisperCli, model };
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

export function startWorkerProcess(options: WorkerProcessOptions): WorkerProcess {
  const { dataFolder, serverUrl, args = ['--until-empty'], env = {} } = options;
  const { whisperCli, model } = benchEngine();
  mkdirSync(dataFolder, { recursive: true });
  const child = spawn(process.execPath, [workerProgram, 'run', '--json', ...args], {
    cwd: dataFolder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      SERVER_URL: serverUrl,
      STT_DATA_DIR: dataFolder,
      STT_WHISPER_CLI: whisperCli,
      STT_MODEL: model,
      VAD_ENABLED: 'false',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const events: TimedEvent[] = [];
  const complaints: string[] = [];
  const waiting = new Set<() => void>();
  let memory = { mostBytes: 0, residentBytes: 0 };
  let isOver = false;
  const look = (): void => {
    memory = processMemory(child.pid ?? 0) ?? memory;
  };
  const watch = setInterval(look, 200);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { time, ...event } = JSON.parse(line) as WorkerEvent & { time: string };
    look();
    events.push({ ...event, atMs: Date.parse(time), residentBytes: memory.residentBytes });
    for (const check of waiting) check();
  });
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  const ended = once(child, 'close').then(() => {
    isOver = true;
    running.delete(child);
    clearInterval(watch);
    for (const check of waiting) check();
  });
  const stop = (): Promise<void> => {
    child.kill('SIGTERM');
    return ended;
  };
  return {
    pid: child.pid ?? 0,
    events,
    ended,
    stop,
    mostBytes: () => memory.mostBytes,
    seen: (matches) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = events.find(matches);
          if (found === undefined && !isOver) return;
          waiting.delete(check);
          if (found !== undefined) resolve(found);
          else reject(new Error(`the worker ended:\n${complaints.join('\n')}\n${JSON.stringify(events.at(-1))}`));
        };
        waiting.add(check);
        check();
      }),
    [Symbol.asyncDispose]: stop,
  };
}

function processMemory(pid: number): { mostBytes: number; residentBytes: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const bytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'mu').exec(status)?.[1]) * 1024;
    const found = { mostBytes: bytes('VmHWM'), residentBytes: bytes('VmRSS') };
    // A process that is just ending has none.
    return Number.isNaN(found.mostBytes) ? undefined : found;
  } catch {
    return undefined;
  }
}
