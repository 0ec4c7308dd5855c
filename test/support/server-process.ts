/**
 * The real server in a process of its own that a test may kill, stop, freeze and start again on the same port, and whose memory
 * and open files it may count. It is ended with the test, however the test ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type LogLine, parseLogLine, serverProgram } from './programs.ts';

export type ServerProcess = AsyncDisposable & {
  pid: number;
  url: string;
  port: number;
  logs: LogLine[];
  signal: (name: NodeJS.Signals) => void;
  /** SIGKILL. Resolves when the process is gone. */
  kill: () => Promise<void>;
  /** SIGTERM. Resolves when the process is gone. */
  stop: () => Promise<void>;
  ended: Promise<void>;
};

export type ServerProcessOptions = {
  library: string;
  /** The database lies here, as `tasks.sqlite`, unless `env` says something else. */
  stateFolder: string;
  port?: number;
  env?: Record<string, string>;
  /** Another starter than `bin/stt-server.js`; it gets its settings from the environment. */
  program?: string;
};

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Resolves when the server says that it listens. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const server = spawnServer(options);
  const url = await server.listening;
  return Object.assign(server, { url, port: Number(new URL(url).port) });
}

/** The same without waiting; `listening` rejects where the server ends before. */
export function spawnServer(
  options: ServerProcessOptions,
): Omit<ServerProcess, 'url' | 'port'> & { listening: Promise<string> } {
  const { library, stateFolder, port = 0, env = {}, program = serverProgram } = options;
  const child = spawn(process.execPath, [program], {
    cwd: stateFolder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      // Whatever this machine's own server is told.
      STT_ENV_FILE: '/dev/null',
      // Also for its threads, which would compile anew at each of very many starts; written by servers that end in order.
      NODE_COMPILE_CACHE: path.join(tmpdir(), 'stt-test-compile-cache'),
      AUDIO_DIR: library,
      DB_FILE: path.join(stateFolder, 'tasks.sqlite'),
      PORT: String(port),
      STT_SETTLE_SECONDS: '0',
      STT_WATCH: 'false',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const logs: LogLine[] = [];
  const ended = once(child, 'close').then(() => {
    running.delete(child);
  });
  const listening = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (text) => {
        const line = parseLogLine(text);
        logs.push(line);
        if (line.msg === 'listening') resolve(line.url ?? '');
      });
    }
    void ended.then(() => {
      reject(new Error(`the server ended before it listened:\n${logs.map((line) => JSON.stringify(line)).join('\n')}`));
    });
  });
  listening.catch(() => {});
  const end = (name: NodeJS.Signals): Promise<void> => {
    child.kill(name);
    return ended;
  };
  return {
    pid: child.pid ?? 0,
    logs,
    listening,
    ended,
    signal: (name) => child.kill(name),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  };
}

/** A port that was free a moment ago, for a server that is started on it again and again. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? 0) * 1024;
}

/** What the descriptors of a process stand for: paths, `socket:[123]`, `anon_inode:...`. */
export function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** Seconds of processor time that a process has used, all threads together. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
