/**
 * A real systemd as process 1 of a machine of its own (systemd-nspawn), for tests of what really happens there: `boot`, `run`,
 * `reboot`, `journal`. It is powered off with the test, however the test ends: see machine-keeper.sh.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { packageFolder } from '../../src/package-folder.ts';
import { eventually } from './eventually.ts';

export type Bind = { from: string; to: string; isWritable?: boolean };

export type BootOptions = {
  /** See machine-root.ts. It is changed. */
  root: { path: string };
  /** Files and folders of this machine that are seen there. */
  binds?: readonly Bind[];
  /** Only a loopback of its own. Else the network is that of this machine: its ports, too. */
  hasPrivateNetwork?: boolean;
};

export type RunOptions = {
  /** Default: root. A user has the runtime folder of a session that lingers. */
  user?: string;
  input?: string;
  env?: Record<string, string>;
  timeoutMs?: number;
};

export type RunEnd = { exitCode: number | null; stdout: string; stderr: string };

/** What `journalctl --output=json` has of a line; priority 3 is an error, 4 a warning, 6 information. */
export type JournalEntry = { message: string; priority: number; unit: string; userUnit: string };

export type BootedMachine = AsyncDisposable & {
  /** Its file system, seen from here. What lies in its /tmp and /run is not seen. */
  root: string;
  /** From the start of the process until all units were started. */
  bootMs: number;
  /** `running`, or `degraded` where a unit failed. */
  state: string;
  /** Its process 1, seen from here. */
  leader: () => number;
  /** As a transient service: with an environment, and a group of processes, of its own. */
  run: (argv: readonly string[], options?: RunOptions) => Promise<RunEnd>;
  /** The same. @returns its output, without the last line's end. @throws where it fails. */
  output: (argv: readonly string[], options?: RunOptions) => Promise<string>;
  reboot: () => Promise<void>;
  /** Of this boot; more arguments for journalctl: `-u`, `stt-worker`. */
  journal: (...args: string[]) => Promise<JournalEntry[]>;
  /** Powers it off. */
  halt: () => Promise<void>;
};

/** Why there can be no machine here, to be said with what is skipped; undefined where there can. */
export function whyNoMachine(): string | undefined {
  if (process.platform !== 'linux') return 'systemd is Linux only';
  if (process.getuid?.() !== 0) return 'only root may boot a machine';
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return 'this container may not mount';
  return undefined;
}

const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** This Node.js as /usr/local/bin/node. */
export const nodeBinds: readonly Bind[] = [{ from: process.execPath, to: '/usr/local/bin/node' }];

const keeperScript = path.join(packageFolder, 'test', 'support', 'machine-keeper.sh');
const bootDeadlineMs = 60_000;

export async function bootMachine(options: BootOptions): Promise<BootedMachine> {
  const { root, hasPrivateNetwork = false } = options;
  const name = `stt-${randomBytes(4).toString('hex')}`;
  const keeper = startKeeper([
    root.path,
    name,
    ...(hasPrivateNetwork ? ['--private-network'] : []),
    ...bindArguments(options),
  ]);
  let leader = 0;
  let state = '';
  const boot = async (): Promise<number> => {
    const startedAt = performance.now();
    const booted = async (): Promise<string | undefined> => {
      keeper.check();
      leader = findLeader(keeper.nspawn()) ?? 0;
      if (leader === 0) return undefined;
      const { stdout } = await inside(leader, ['systemctl', 'is-system-running', '--wait'], {});
      return /^(?:running|degraded)$/mu.exec(stdout)?.[0];
    };
    state = await eventually(booted, `${name} boots\n${keeper.log()}`, bootDeadlineMs);
    return performance.now() - startedAt;
  };

  const halt = keeper.halt;
  try {
    const bootMs = await boot();
    const run = (argv: readonly string[], runOptions: RunOptions = {}): Promise<RunEnd> =>
      runInside(leader, argv, runOptions);
    const output = async (argv: readonly string[], runOptions: RunOptions = {}): Promise<string> => {
      const end = await run(argv, runOptions);
      if (end.exitCode !== 0)
        throw new Error(`${argv.join(' ')}: exit code ${end.exitCode}\n${end.stdout}${end.stderr}`);
      return end.stdout.trimEnd();
    };
    return {
      root: root.path,
      bootMs,
      get state() {
        return state;
      },
      leader: () => leader,
      run,
      output,
      async reboot() {
        const before = keeper.nspawn();
        await inside(leader, ['systemctl', 'reboot'], {});
        await eventually(() => keeper.nspawn() !== before, `${name} goes down`, bootDeadlineMs);
        await boot();
      },
      journal: async (...args) =>
        readJournal(await output(['journalctl', '--boot', '--output=json', '--all', ...args])),
      halt,
      [Symbol.asyncDispose]: halt,
    };
  } catch (error) {
    await halt();
    throw error;
  }
}

function bindArguments({ binds = [] }: BootOptions): string[] {
  // Who speaks https here may have to trust a proxy.
  const all = existsSync(certificates) ? [{ from: certificates, to: certificates }, ...binds] : binds;
  return all.map(({ from, to, isWritable }: Bind) => `--bind${isWritable === true ? '' : '-ro'}=${from}:${to}`);
}

type Keeper = {
  /** The process of systemd-nspawn, of the boot that is on. */
  nspawn: () => number;
  /** @throws where the machine ended by itself. */
  check: () => void;
  log: () => string;
  halt: () => Promise<void>;
};

function startKeeper(args: readonly string[]): Keeper {
  const child: ChildProcess = spawn('unshare', ['--mount', '--propagation', 'private', keeperScript, ...args], {
    // A session of its own: who ends the test's group must not end this, which has to clear up.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let nspawn = 0;
  let end: string | undefined;
  const log = (): string => {
    try {
      return readFileSync(`${args[0]}.console.log`, 'utf8').slice(-4000);
    } catch {
      return '';
    }
  };
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word, number] = line.split(' ');
      if (word === 'started') nspawn = Number(number);
      else end = line;
    });
  }
  const gone = new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      end ??= 'ended';
      resolve();
    });
  });
  gone.catch(() => {});
  return {
    nspawn: () => nspawn,
    log,
    check() {
      if (end !== undefined) throw new Error(`the machine ${end}\n${log()}`);
    },
    async halt() {
      if (child.stdin?.writable === true) child.stdin.end('halt\n');
      await gone;
    },
  };
}

/** Its child that is process 1 in there; a short-lived one comes before. */
function findLeader(nspawn: number): number | undefined {
  if (nspawn === 0) return undefined;
  try {
    const children = readFileSync(`/proc/${nspawn}/task/${nspawn}/children`, 'utf8').split(' ');
    return children
      .filter((pid) => pid !== '')
      .map(Number)
      .find((pid) => /^NSpid:.*\t1$/mu.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
  } catch {
    return undefined;
  }
}

const plainEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};

const userIds = new Map<string, string>();

async function runInside(leader: number, argv: readonly string[], options: RunOptions): Promise<RunEnd> {
  const { user, timeoutMs = 60_000, env = {} } = options;
  const session = user === undefined ? { HOME: '/root' } : { XDG_RUNTIME_DIR: `/run/user/${await idOf(leader, user)}` };
  const variables = {
    ...plainEnvironment,
    ...session,
    ...env,
  };
  const service = [
    ...(user === undefined ? ['--working-directory=/root'] : [`--uid=${user}`, '--property=WorkingDirectory=~']),
    ...Object.entries(variables).map(([name, value]) => `--setenv=${name}=${value}`),
    `--property=RuntimeMaxSec=${timeoutMs}ms`,
  ];
  return inside(
    leader,
    ['systemd-run', '--quiet', '--wait', '--collect', '--pipe', ...service, '--', ...argv],
    options,
  );
}

async function idOf(leader: number, user: string): Promise<string> {
  const key = `${leader} ${user}`;
  const known = userIds.get(key) ?? (await inside(leader, ['id', '-u', user], {})).stdout.trim();
  if (known !== '') userIds.set(key, known);
  return known;
}

/** In all its namespaces. */
async function inside(
  leader: number,
  argv: readonly string[],
  { input, timeoutMs = 60_000 }: RunOptions,
): Promise<RunEnd> {
  const child = spawn('nsenter', ['--target', String(leader), '--all', '--', ...argv], {
    env: plainEnvironment,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  }
  // Who does not read its input is no failure of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const watch = new AbortController();
  // Its own limit comes first.
  void delay(timeoutMs + 10_000, undefined, { signal: watch.signal, ref: false }).then(
    () => child.kill('SIGKILL'),
    () => {},
  );
  const exitCode = await closed;
  watch.abort();
  return { exitCode, ...output };
}

function readJournal(lines: string): JournalEntry[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const entry = JSON.parse(line) as Record<string, string | number[] | undefined>;
      const { MESSAGE: message } = entry;
      return {
        // As numbers where there is something in it that is no text.
        message: Array.isArray(message) ? Buffer.from(message).toString() : (message ?? ''),
        priority: Number(entry['PRIORITY']),
        unit: String(entry['UNIT'] ?? entry['_SYSTEMD_UNIT'] ?? ''),
        userUnit: String(entry['USER_UNIT'] ?? entry['_SYSTEMD_USER_UNIT'] ?? ''),
      };
    });
}
