/** The scan of the library, seen from outside its thread: asks for scans, writes its lines to the log, and hears of new tasks. */
import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import { deliverError } from '../threads/calls.ts';
import { startThread } from '../threads/thread.ts';
import type { ScanEvent, ScanThreadData, ScanVerbs } from './scan-thread.ts';

export type StartScanOptions = {
  /** Of the library, an absolute path. */
  root: string;
  extensions: readonly string[];
  defaultLanguage: string | undefined;
  transcriptName: string;
  settleSeconds: number;
  watch: boolean;
  /** A port of its own to the store. */
  store: MessagePort;
  logger: Logger;
  clock: Clock;
  /** So many tasks more are to be had; also while a scan runs, and between scans. */
  onTasks: (count: number) => void;
  /** A scan of the whole library has ended. */
  onScanned?: (seconds: number) => void;
  /** Its thread ended by itself: nothing new is found any more. */
  onFailure: (error: Error) => void;
};

export type RunningScan = {
  /** Resolves at the end of the scan, or when `signal` aborts; then the scan should be ended. */
  run: (signal: AbortSignal) => Promise<void>;
  /** The next scan believes nothing: somebody else changed the tasks. */
  distrust: () => void;
  /** At once, wherever it is. */
  end: () => Promise<void>;
};

export async function startScan(options: StartScanOptions): Promise<RunningScan> {
  const { settleSeconds, watch, store, logger, clock, onTasks, onScanned, onFailure } = options;
  const { root, extensions, defaultLanguage, transcriptName } = options;
  const heard = new HeardEvents();
  const onEvent = (event: ScanEvent): void => {
    if (event.kind === 'tasks') onTasks(event.count);
    else if (event.kind === 'log') logger[event.line.level](event.line.fields, event.line.message);
    else logger.error({ err: deliverError(event.error) }, 'a look at changed folders failed; it is tried again');
    heard.one();
  };
  const data = { root, extensions, defaultLanguage, transcriptName, store };
  const { calls, end } = await startThread<ScanVerbs, ScanThreadData, ScanEvent>({
    name: 'the scan',
    file: new URL('./scan-thread', import.meta.url),
    data: { ...data, settleMs: settleSeconds * 1000, isWatching: watch },
    transfer: [store],
    onEvent,
    onFailure,
  });

  let isEnded = false;
  let isDistrusted = false;
  const scan = async (): Promise<void> => {
    const isFull = isDistrusted;
    isDistrusted = false;
    const beganAt = performance.now();
    try {
      const { events } = await calls.verbs.scan({ now: clock.now(), isFull });
      onScanned?.((performance.now() - beganAt) / 1000);
      // Its lines come by another way than its answer.
      await heard.atLeast(events);
    } catch (error) {
      isDistrusted ||= isFull;
      if (!isEnded) throw error;
    }
  };
  return {
    async run(signal) {
      if (signal.aborted || isEnded) return;
      const aborted = Promise.withResolvers<void>();
      const stop = (): void => aborted.resolve();
      signal.addEventListener('abort', stop, { once: true });
      await Promise.race([scan(), aborted.promise]).finally(() => signal.removeEventListener('abort', stop));
    },
    distrust() {
      isDistrusted = true;
    },
    async end() {
      isEnded = true;
      await end();
    },
  };
}

class HeardEvents {
  #count = 0;
  #waiting: { count: number; resolve: () => void }[] = [];

  one(): void {
    this.#count += 1;
    for (const waiting of this.#waiting) if (this.#count >= waiting.count) waiting.resolve();
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.filter(({ count }) => this.#count < count);
  }

  async atLeast(count: number): Promise<void> {
    if (this.#count >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ count, resolve });
    await promise;
  }
}
