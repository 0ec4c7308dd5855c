/**
 * The only place that listens to signals. The first SIGTERM or SIGINT asks for an orderly end (`drain`), the second one for an
 * immediate end (`abort`). Programs watch the two AbortSignals; nobody calls process.exit.
 */
export type Shutdown = {
  /** Take no new work, finish or hand back what is in hand. */
  readonly drain: AbortSignal;
  /** Drop everything now. */
  readonly abort: AbortSignal;
  /** The signal that was received first, or null. */
  readonly receivedSignal: () => NodeJS.Signals | null;
  /** Stops listening. */
  readonly [Symbol.dispose]: () => void;
};

const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export function listenForShutdown(): Shutdown {
  const drain = new AbortController();
  const abort = new AbortController();
  let received: NodeJS.Signals | null = null;

  const onSignal = (signal: NodeJS.Signals): void => {
    received ??= signal;
    if (drain.signal.aborted) abort.abort(new Error(`stopped at once by a second ${signal}`));
    else drain.abort(new Error(`stopped by ${signal}`));
  };
  for (const signal of signals) process.on(signal, onSignal);

  return {
    drain: drain.signal,
    abort: abort.signal,
    receivedSignal: () => received,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
