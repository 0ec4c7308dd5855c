/**
 * The only place that starts other programs. No shell, an own process group, a minimal environment, a bounded tail of the
 * output, a deadline; stopping means SIGTERM and then SIGKILL to the whole group, so that no grandchild survives.
 */
import { spawn, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, systemErrorCode } from './app-error.ts';
import {
  type ChildLimits,
  probes,
  restrainedCommand,
  type RestrainingPrograms,
  saysNotStarted,
} from './child-restraints.ts';
import { exitCodes } from './exit-codes.ts';
import { longestTimerMs } from './clock.ts';
import { findProgram } from './find-program.ts';

export type ChildOptions = {
  /** A program on PATH, or a path. */
  file: string;
  args: readonly string[];
  cwd?: string;
  /** Added to the few variables that are passed on; see `inheritedVariables`. */
  env?: Record<string, string>;
  /** Pass the whole environment on: for package managers, npm and our own programs, never for media tools. */
  inheritEnv?: boolean;
  /** Aborting stops the child and everything it started. */
  signal?: AbortSignal;
  timeoutMs?: number;
  /** What the child and its children may use; with limits, even none, it dumps no core. Only on Linux, where prlimit is there. */
  limits?: ChildLimits;
  /** It is killed when we are, SIGKILL included. Only on Linux, where setpriv is there. Default: where the output is piped. */
  diesWithParent?: boolean;
  /** 1 to 19: how far it stands back for others who want the processor; where nice is there. */
  niceness?: number;
  /** Time between SIGTERM and SIGKILL. */
  killAfterMs?: number;
  /** Called once it runs, with its process group; for who must find it again after a crash of ours. */
  onStart?: (group: number) => void;
  /** Each line of output; a carriage return ends a line too, since progress displays use it. */
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /**
   * `inherit` shows the child's output on ours: then there is no tail and no onLine. `terminal` also lets it ask there (sudo's
   * password): it stays in our session and group, and all it prints goes to standard error.
   */
  output?: 'pipe' | 'inherit' | 'terminal';
  /** Bytes of standard output kept in `stdout`; what is beyond is dropped. */
  stdoutLimitBytes?: number;
};

export type ChildEnd = {
  exitCode: number | null;
  /** The signal that ended it, or null. */
  signalName: string | null;
  /** Why we stopped it, if we did. */
  stoppedBy: 'abort' | 'timeout' | null;
  /** The last lines of both streams. */
  outputTail: string;
  /** The first `stdoutLimitBytes` of standard output. */
  stdout: string;
  durationMs: number;
};

const stdioOf = {
  pipe: ['ignore', 'pipe', 'pipe'],
  inherit: ['ignore', 'inherit', 'inherit'],
  terminal: ['inherit', 2, 'inherit'],
} satisfies Record<string, StdioOptions>;

const inheritedVariables = 'PATH HOME LANG LC_ALL TZ TERM NO_COLOR TMPDIR LD_LIBRARY_PATH XDG_RUNTIME_DIR'.split(' ');
const tailLines = 40;
const longestLine = 2000;

function childEnvironment(options: ChildOptions): NodeJS.ProcessEnv {
  const names = options.inheritEnv ? Object.keys(process.env) : inheritedVariables;
  const inherited = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), ...options.env };
}

/** Cuts a stream of text into lines of bounded length. */
function lineSplitter(onLine: (line: string) => void): { push: (text: string) => void; end: () => void } {
  let rest = '';
  const emit = (line: string): void => {
    if (line !== '') onLine(line.slice(0, longestLine));
  };
  return {
    push(text) {
      const lines = (rest + text).split(/[\r\n]+/u);
      rest = (lines.pop() ?? '').slice(0, longestLine);
      lines.forEach(emit);
    },
    end() {
      emit(rest);
      rest = '';
    },
  };
}

/** To a process, or to a group where `target` is negative. Gone already (ESRCH) or not ours to end (EPERM: sudo's) is fine. */
function sendSignal(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error;
  }
}

const neverStarted: ChildEnd = {
  exitCode: null,
  signalName: 'SIGTERM',
  stoppedBy: 'abort',
  outputTail: '',
  stdout: '',
  durationMs: 0,
};

/** The program with its restraints in front, where this machine has them; by its full path then, since they look for it later. */
async function commandFor(
  options: ChildOptions,
  searchPath: string,
): Promise<{ file: string; args: readonly string[] }> {
  const { file, args, limits, niceness, cwd } = options;
  const diesWithParent = options.diesWithParent ?? (options.output ?? 'pipe') === 'pipe';
  if (!diesWithParent && limits === undefined && niceness === undefined) return { file, args };
  const found = await findProgram(file, searchPath, cwd);
  if (found.kind === 'missing') throw toolMissing(file, undefined);
  if (found.kind === 'forbidden') throw toolMissing(file, undefined, 'may not be executed');
  return restrainedCommand(
    { file: found.file, args },
    { diesWithParent, limits, niceness },
    await restrainingPrograms(searchPath),
  );
}

/** By PATH: looked up once for each, which is once. */
const restrainingProgramsOn = new Map<string, Promise<RestrainingPrograms>>();

function restrainingPrograms(searchPath: string): Promise<RestrainingPrograms> {
  const known = restrainingProgramsOn.get(searchPath) ?? findRestrainingPrograms(searchPath);
  restrainingProgramsOn.set(searchPath, known);
  return known;
}

async function findRestrainingPrograms(searchPath: string): Promise<RestrainingPrograms> {
  const working = async (name: keyof RestrainingPrograms): Promise<string | undefined> => {
    const found = await findProgram(name, searchPath);
    if (found.kind !== 'found') return undefined;
    const probe = { file: found.file, args: probes[name], diesWithParent: false, timeoutMs: 5000 };
    const end = await runChild(probe).catch(() => undefined);
    return end?.exitCode === 0 ? found.file : undefined;
  };
  const [setpriv, prlimit, nice] = await Promise.all([working('setpriv'), working('prlimit'), working('nice')]);
  return { setpriv, prlimit, nice };
}

/**
 * Runs a program to its end. A program that fails is a value, not an exception.
 * @throws AppError STT_TOOL_MISSING when it cannot be started.
 */
export async function runChild(options: ChildOptions): Promise<ChildEnd> {
  const startedAt = performance.now();
  const tail: string[] = [];
  const output = options.output ?? 'pipe';
  const ownGroup = output !== 'terminal';
  let stdout = '';
  let stoppedBy: ChildEnd['stoppedBy'] = null;

  if (options.signal?.aborted) return neverStarted;

  const env = childEnvironment(options);
  const command = await commandFor(options, env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin');
  if (options.signal?.aborted) return neverStarted;

  const child = spawn(command.file, command.args, {
    cwd: options.cwd,
    env,
    stdio: stdioOf[output],
    detached: ownGroup,
  });
  if (child.pid !== undefined && ownGroup) options.onStart?.(child.pid);

  const collect = (stream: 'stdout' | 'stderr'): void => {
    const lines = lineSplitter((line) => {
      tail.push(line);
      if (tail.length > tailLines) tail.shift();
      options.onLine?.(line, stream);
    });
    child[stream]?.setEncoding('utf8');
    child[stream]?.on('data', (text: string) => {
      if (stream === 'stdout' && stdout.length < (options.stdoutLimitBytes ?? 0)) {
        stdout = (stdout + text).slice(0, options.stdoutLimitBytes);
      }
      lines.push(text);
    });
    child[stream]?.on('end', () => lines.end());
  };
  collect('stdout');
  collect('stderr');

  let killTimer: NodeJS.Timeout | undefined;
  const stop = (reason: 'abort' | 'timeout'): void => {
    if (child.pid === undefined || stoppedBy !== null) return;
    const target = ownGroup ? -child.pid : child.pid;
    stoppedBy = reason;
    sendSignal(target, 'SIGTERM');
    killTimer = setTimeout(() => sendSignal(target, 'SIGKILL'), options.killAfterMs ?? 3000);
  };
  const onAbort = (): void => stop('abort');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const deadline =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => stop('timeout'), Math.min(options.timeoutMs, longestTimerMs));

  try {
    const [exitCode, signalName] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        // A grandchild may hold the pipes open after the child is gone: take what is there, then let go.
        const lastOutput = setTimeout(() => {
          child.stdout?.destroy();
          child.stderr?.destroy();
        }, 1000);
        child.on('close', () => {
          clearTimeout(lastOutput);
          resolve([code, signal]);
        });
      });
    });
    // Whatever it left behind in its group goes with it.
    if (child.pid !== undefined && ownGroup) sendSignal(-child.pid, 'SIGKILL');
    const outputTail = tail.join('\n');
    if (command.file !== options.file && (exitCode === 126 || exitCode === 127) && saysNotStarted(outputTail)) {
      throw toolMissing(options.file, new Error(outputTail), 'cannot be started');
    }
    return {
      exitCode,
      signalName,
      stoppedBy,
      outputTail,
      stdout,
      durationMs: performance.now() - startedAt,
    };
  } catch (error) {
    throw error instanceof AppError ? error : toolMissing(options.file, error);
  } finally {
    clearTimeout(deadline);
    clearTimeout(killTimer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * Ends a group that an earlier run of ours left behind, in the same way. Resolves when it is gone, or, where nobody collects the
 * dead, some seconds after SIGKILL.
 */
export async function endProcessGroup(group: number, killAfterMs = 3000): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    sendSignal(-group, signal);
    const deadline = performance.now() + killAfterMs;
    while (performance.now() < deadline) {
      if (!isGroupThere(group)) return;
      await delay(20);
    }
  }
}

function isGroupThere(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

function toolMissing(
  file: string,
  cause: unknown,
  reason = systemErrorCode(cause) === 'EACCES' ? 'may not be executed' : 'was not found',
): AppError {
  return new AppError(`The program "${file}" ${reason}.`, {
    code: 'STT_TOOL_MISSING',
    hint: `Install it, or run "stt setup", which installs what is missing.`,
    exitCode: exitCodes.unavailable,
    cause,
  });
}

/** How a child ended, for people: `exit code 1`, `killed by SIGSEGV`, `stopped after its deadline`. */
export function describeEnd(end: ChildEnd): string {
  if (end.stoppedBy === 'timeout') return 'stopped after its deadline';
  if (end.stoppedBy === 'abort') return 'stopped on request';
  if (end.signalName !== null) {
    const number = constants.signals[end.signalName as NodeJS.Signals];
    return `killed by ${end.signalName} (${number})`;
  }
  return `exit code ${end.exitCode}`;
}
