/**
 * Tells systemd how a service is (sd_notify(3)), by the program `systemd-notify`: Node.js has no datagram sockets for files. One call
 * at a time; of what is to be told the newest of each kind goes with the next one. It neither holds up the work nor fails it.
 */
import { AppError, messageOf } from './app-error.ts';
import { type Clock, systemClock } from './clock.ts';
import { hideSecrets } from './hide-secrets.ts';
import { printableLine } from './printable.ts';
import { describeEnd, runChild } from './run-child.ts';

/** As systemd puts them into the environment of a service. */
export type NotifyVariables = {
  /** NOTIFY_SOCKET; where it is not set, nobody wants to be told. */
  notifySocket: string | undefined;
  /** WATCHDOG_USEC: a service that says nothing for so long is ended and started again. */
  watchdogUsec: string | undefined;
  /** WATCHDOG_PID: the process that is watched. */
  watchdogPid: string | undefined;
};

export type ServiceNotifier = {
  /** There is nobody to be told: all the rest does nothing. */
  readonly isSilent: boolean;
  /** After so long without `alive` the service is ended; undefined where nobody watches. */
  readonly watchdogMs: number | undefined;
  /** It does its work from now on. */
  ready: (status: string) => void;
  /** What it does, in a line: `systemctl status` shows it. */
  status: (text: string) => void;
  /** For the watchdog. To be called at every proof of life, however often: systemd is told four times in its interval. */
  alive: () => void;
  /** It ends, and takes so long at most. */
  stopping: (status: string, longestMs: number) => void;
  /** Tells what is left to tell, and this at last; ends within seconds. Nothing is told afterwards. */
  close: (lastStatus?: string) => Promise<void>;
};

export type NotifierOptions = {
  variables: NotifyVariables;
  /** Why systemd cannot be told, as a sentence; said once. */
  onTrouble: (message: string) => void;
  clock?: Clock;
  /** Milliseconds, from any start. */
  elapsedMs?: () => number;
  pid?: number;
};

/** A call waits for systemd to have taken it; that takes milliseconds. */
const callMs = 5000;
/** Between two calls, but for what cannot wait. */
const pauseMs = 1000;
const longestPauseMs = 60_000;
/** All that is told at the very end. */
const farewellMs = 2000;
const killAfterMs = 500;
const pingsPerInterval = 4;
/** Of a status; systemd takes 4096 bytes with all that belongs to it. */
const longestStatus = 800;

/** Tells nobody. */
export const silentNotifier: ServiceNotifier = {
  isSilent: true,
  watchdogMs: undefined,
  ready: () => {},
  status: () => {},
  alive: () => {},
  stopping: () => {},
  close: () => Promise.resolve(),
};

export function openNotifier(options: NotifierOptions): ServiceNotifier {
  const { variables, onTrouble, pid = process.pid } = options;
  const socket = variables.notifySocket ?? '';
  if (socket === '') return silentNotifier;
  const watchdogMs = watchdogInterval(variables, pid, onTrouble);
  return new SystemdNotifier(socket, watchdogMs, options);
}

function watchdogInterval(
  { watchdogUsec = '', watchdogPid = '' }: NotifyVariables,
  pid: number,
  onTrouble: (message: string) => void,
): number | undefined {
  if (watchdogUsec === '') return undefined;
  // Another process of the service is watched.
  if (watchdogPid !== '' && watchdogPid !== String(pid)) return undefined;
  if (/^[1-9]\d{0,17}$/u.test(watchdogUsec)) return Number(watchdogUsec) / 1000;
  onTrouble(
    `WATCHDOG_USEC is ${printableLine(JSON.stringify(watchdogUsec), 50)}, no number of microseconds: the watchdog is told nothing.`,
  );
  return undefined;
}

type News = Map<string, string>;
type Told = { kind: 'told' } | { kind: 'missing'; reason: string } | { kind: 'failed'; reason: string };

class SystemdNotifier implements ServiceNotifier {
  readonly isSilent = false;
  readonly watchdogMs: number | undefined;
  readonly #socket: string;
  readonly #onTrouble: (message: string) => void;
  readonly #clock: Clock;
  readonly #elapsedMs: () => number;
  readonly #over = new AbortController();
  /** What systemd does not know yet. */
  readonly #news: News = new Map();
  #telling: Promise<void> | undefined;
  /** Ends the pause between two calls. */
  #hurry = new AbortController();
  #lastStatus = '';
  #calledAt = Number.NEGATIVE_INFINITY;
  #aliveAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #isTroubleTold = false;
  #isClosed = false;

  constructor(socket: string, watchdogMs: number | undefined, options: NotifierOptions) {
    this.#socket = socket;
    this.watchdogMs = watchdogMs;
    this.#onTrouble = options.onTrouble;
    this.#clock = options.clock ?? systemClock;
    this.#elapsedMs = options.elapsedMs ?? (() => performance.now());
  }

  ready(status: string): void {
    this.#tell({ READY: '1', ...this.#changed(status) }, 'now');
  }

  status(text: string): void {
    this.#tell(this.#changed(text), 'soon');
  }

  alive(): void {
    if (this.watchdogMs === undefined) return;
    const now = this.#elapsedMs();
    if (now - this.#aliveAt < this.watchdogMs / pingsPerInterval) return;
    this.#aliveAt = now;
    this.#tell({ WATCHDOG: '1' }, 'now');
  }

  stopping(status: string, longestMs: number): void {
    this.#news.delete('READY');
    const extend = String(Math.round(longestMs * 1000));
    this.#tell({ STOPPING: '1', EXTEND_TIMEOUT_USEC: extend, ...this.#changed(status) }, 'now');
  }

  async close(lastStatus?: string): Promise<void> {
    if (this.#isClosed) return;
    this.#news.delete('WATCHDOG');
    if (lastStatus !== undefined) this.#tell(this.#changed(lastStatus), 'now');
    this.#isClosed = true;
    this.#hurry.abort();
    const done = new AbortController();
    void this.#clock.sleep(farewellMs, done.signal).then(() => this.#over.abort());
    await this.#telling;
    done.abort();
  }

  #changed(status: string): { STATUS?: string } {
    const text = printableLine(hideSecrets(status), longestStatus);
    if (text === this.#lastStatus) return {};
    this.#lastStatus = text;
    return { STATUS: text };
  }

  #tell(news: Record<string, string>, when: 'now' | 'soon'): void {
    if (this.#isClosed || Object.keys(news).length === 0) return;
    for (const [name, value] of Object.entries(news)) this.#news.set(name, value);
    if (when === 'now') this.#hurry.abort();
    this.#telling ??= this.#tellAll().finally(() => (this.#telling = undefined));
  }

  async #tellAll(): Promise<void> {
    while (this.#news.size > 0) {
      await this.#pause();
      const news: News = new Map(this.#news);
      this.#news.clear();
      this.#calledAt = this.#elapsedMs();
      this.#note(await this.#call(news), news);
    }
  }

  /** One that failed is tried again later and later; what cannot wait is tried at once. */
  async #pause(): Promise<void> {
    const pauseNow = Math.min(longestPauseMs, pauseMs * 2 ** this.#failures);
    const leftMs = this.#calledAt + pauseNow - this.#elapsedMs();
    if (leftMs > 0) await this.#clock.sleep(leftMs, this.#hurry.signal);
    // At the end nothing waits any more.
    if (!this.#isClosed) this.#hurry = new AbortController();
  }

  async #call(news: News): Promise<Told> {
    try {
      const end = await runChild({
        file: 'systemd-notify',
        args: [...news].map(([name, value]) => `${name}=${value}`),
        // Children get none of it otherwise: an engine must not speak for us.
        env: { NOTIFY_SOCKET: this.#socket },
        timeoutMs: callMs,
        killAfterMs,
        diesWithParent: false,
        signal: this.#over.signal,
      });
      if (end.exitCode === 0) return { kind: 'told' };
      return { kind: 'failed', reason: printableLine(`${describeEnd(end)} ${end.outputTail}`, longestStatus) };
    } catch (error) {
      const kind = error instanceof AppError ? 'missing' : 'failed';
      return { kind, reason: messageOf(error) };
    }
  }

  #note(told: Told, news: News): void {
    if (told.kind === 'told') {
      this.#failures = 0;
      return;
    }
    this.#failures += 1;
    this.#sayTrouble(told);
    if (told.kind === 'missing') {
      this.#isClosed = true;
      this.#news.clear();
    }
    // A sign of life of a while ago would be a lie, and the very last words are said once.
    if (news.delete('WATCHDOG')) this.#aliveAt = Number.NEGATIVE_INFINITY;
    if (this.#isClosed) this.#news.clear();
    else for (const [name, value] of news) if (!this.#news.has(name)) this.#news.set(name, value);
  }

  #sayTrouble({ kind, reason }: Exclude<Told, { kind: 'told' }>): void {
    if (this.#isTroubleTold) return;
    this.#isTroubleTold = true;
    this.#onTrouble(
      kind === 'missing'
        ? `systemd cannot be told how this service is: ${reason} It belongs to the package systemd.`
        : `systemd could not be told how this service is: systemd-notify: ${reason}. It is tried again.`,
    );
  }
}
