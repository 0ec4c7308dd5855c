/** Starts our own programs as a user does, each in a process of its own, and ends them with the test. */
import { devNull } from 'node:os';
import path from 'node:path';
import { packageFolder } from '../../src/package-folder.ts';
import { type ChildEnd, runChild } from '../../src/run-child.ts';
import { testEngine } from './engine.ts';

export const serverProgram = path.join(packageFolder, 'bin', 'stt-server.js');
export const workerProgram = path.join(packageFolder, 'bin', 'stt.js');

/** A line of a JSON log; what is no JSON comes as `{ msg }`. */
export type LogLine = { msg?: string; url?: string; [key: string]: unknown };

export function parseLogLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { msg: line };
  }
}

export type RunningProgram = AsyncDisposable & {
  /** Everything it printed, line by line, both streams. */
  lines: string[];
  /** Resolves with the first line that matches; rejects when the program ends without one. */
  seen: (pattern: RegExp) => Promise<string>;
  /** SIGTERM, and SIGKILL after a while. */
  stop: () => Promise<ChildEnd>;
  ended: Promise<ChildEnd>;
  /** The process id, once the first line is printed; from the program's own log. */
  pid: () => number | undefined;
};

export type ProgramOptions = { file?: string; args: readonly string[]; cwd: string; env?: Record<string, string> };

/** The runner ends a test file that hangs by SIGTERM: what the file has started must go too. */
const testEnd = new AbortController();
process.once('SIGTERM', () => {
  testEnd.abort();
  setTimeout(() => process.exit(143), 2000);
});

export function startProgram(options: ProgramOptions): RunningProgram {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const stopper = new AbortController();
  let over = false;
  const ended = runChild({
    file: options.file ?? process.execPath,
    args: options.args,
    cwd: options.cwd,
    env: options.env ?? {},
    signal: AbortSignal.any([stopper.signal, testEnd.signal]),
    killAfterMs: 15_000,
    onLine: (line) => {
      lines.push(line);
      for (const look of waiting) look();
    },
  }).finally(() => {
    over = true;
    for (const look of waiting) look();
  });
  const stop = (): Promise<ChildEnd> => {
    stopper.abort();
    return ended;
  };
  return {
    lines,
    ended,
    stop,
    pid: () => lines.map((line) => parseLogLine(line)['pid']).find((pid) => typeof pid === 'number'),
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find((line) => pattern.test(line));
          if (found === undefined && !over) return;
          waiting.delete(look);
          if (found === undefined) reject(new Error(`ended without ${pattern}:\n${lines.join('\n')}`));
          else resolve(found);
        };
        waiting.add(look);
        look();
      }),
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

export type TestServer = RunningProgram & { url: string };

/** A real server, listening; on a free port unless `env.PORT` names one. */
export async function startTestServer(
  library: string,
  stateFolder: string,
  env: Record<string, string> = {},
): Promise<TestServer> {
  const program = startProgram({
    args: [serverProgram, '--library', library, '--database', path.join(stateFolder, 'tasks.sqlite')],
    cwd: stateFolder,
    env: { PORT: '0', STT_SETTLE_SECONDS: '0', ...env },
  });
  const url = parseLogLine(await program.seen(/"msg":"listening"/u)).url ?? '';
  return Object.assign(program, { url });
}

/** The settings of a worker with the real engine, the demo model and a data folder of its own. */
export function workerEnvironment(dataFolder: string, serverUrl: string): Record<string, string> {
  const { whisperCli, model } = testEngine();
  return {
    SERVER_URL: serverUrl,
    STT_DATA_DIR: dataFolder,
    STT_WHISPER_CLI: whisperCli,
    STT_MODEL: model,
    STT_THREADS: '1',
    NODE_NAME: 'test-worker',
    // The settings of this machine's own worker are not the tests'.
    STT_ENV_FILE: devNull,
  };
}

/** Runs `stt run` to its end. */
export function runTestWorker(
  dataFolder: string,
  serverUrl: string,
  args: readonly string[] = ['--until-empty'],
  env: Record<string, string> = {},
): Promise<ChildEnd> {
  return runChild({
    file: process.execPath,
    args: [workerProgram, 'run', ...args],
    cwd: dataFolder,
    env: { ...workerEnvironment(dataFolder, serverUrl), ...env },
    timeoutMs: 100_000,
    stdoutLimitBytes: 1_000_000,
  });
}
