/**
 * Starts a thread that serves verbs, and ends it. A thread that ends by itself is a fault of the whole server: whoever waits for it
 * is told, and so is the owner.
 */
import { MessageChannel, type MessagePort, type ResourceLimits, Worker } from 'node:worker_threads';
import { Caller, type CarriedError, deliverError } from './calls.ts';

/** What a thread is given at its start, beside its own data. */
export type ThreadStart<Data> = { port: MessagePort; data: Data };

/** What a thread says of itself, apart from answers. */
export type ThreadNews<Event> =
  { kind: 'ready' } | { kind: 'failed'; error: CarriedError } | { kind: 'event'; event: Event };

export type ThreadOptions<Data, Event> = {
  /** For messages: "the store". */
  name: string;
  /** Of the thread's own file, without its ending: `new URL('./store-thread', import.meta.url)`. */
  file: URL;
  data: Data;
  transfer?: readonly MessagePort[];
  /** A thread that needs more memory is ended. */
  limits?: ResourceLimits;
  onEvent?: (event: Event) => void;
  /** It ended without being told to. */
  onFailure: (error: Error) => void;
};

export type Thread<V> = {
  calls: Caller<V>;
  /** Resolves when the thread is gone. It should have been told to finish by a verb of its own. */
  end: () => Promise<void>;
};

/** Resolves when the thread says that it is ready; rejects with the error that it could not start with. */
export async function startThread<V, Data, Event = never>(options: ThreadOptions<Data, Event>): Promise<Thread<V>> {
  const { name, data, transfer = [], onEvent, onFailure } = options;
  const { port1, port2 } = new MessageChannel();
  const start: ThreadStart<Data> = { port: port2, data };
  const worker = new Worker(withEnding(options.file), {
    workerData: start,
    transferList: [port2, ...transfer],
    ...(options.limits === undefined ? {} : { resourceLimits: options.limits }),
    // A descriptor that one thread opens may be closed by another.
    trackUnmanagedFds: false,
  });
  const calls = new Caller<V>(port1);
  let isEnding = false;

  const started = new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      calls.break(error);
      reject(error);
      if (!isEnding) onFailure(error);
    };
    worker.on('message', (news: ThreadNews<Event>) => {
      if (news.kind === 'ready') resolve();
      else if (news.kind === 'event') onEvent?.(news.event);
      else reject(deliverError(news.error));
    });
    worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => {
      if (!isEnding) fail(new Error(`${name} ended by itself`));
    });
  });
  const end = async (): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    calls.close();
    // Resolves when it is gone, also where it broke on its way out.
    await worker.terminate();
  };
  try {
    await started;
  } catch (error) {
    await end();
    throw error;
  }
  return { calls, end };
}

/** A clone runs `.ts`, a package `.js`: the thread is what its starter is. */
function withEnding(file: URL): URL {
  return new URL(file.href + (import.meta.url.endsWith('.ts') ? '.ts' : '.js'));
}
