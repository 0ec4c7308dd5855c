/**
 * A stop that keeps to its time: the first signal closes the permit, so that tasks are finished which will be done in time and the
 * others handed back; the second one hands back at once. Whatever happens, the last calls to the server end before the time is over.
 */
import type { Clock } from '../../clock.ts';
import type { Shutdown } from '../../shutdown.ts';
import type { WorkPermit } from './work-permit.ts';

export type StopInTimeOptions = {
  shutdown: Pick<Shutdown, 'drain' | 'abort'>;
  /** From the first signal until nothing runs any more. */
  stopMs: number;
  permit: WorkPermit;
  clock: Clock;
};

export type StopInTime = {
  /** For one call to the server: it ends when a stopping worker has no more time for it. Dispose of it after the call. */
  newCall: () => Call;
  /** Stops the watch, when the worker has ended. */
  ended: () => void;
};

export type Call = Disposable & { signal: AbortSignal };

export const stopReason = 'the worker stops';

/** To end an engine that ignores SIGTERM, and to hand its task back. */
const handBackMs = 5500;
/** A call that a stopping worker makes, or that was under way: what it would tell is kept, or the lease runs out. */
const callMs = 4000;
/** The same after the second signal. */
const hastyCallMs = 2000;
/** Between the last call and the end: a last notice, a last record. */
const farewellMs = 1500;

export function stopInTime({ shutdown, stopMs, permit, clock }: StopInTimeOptions): StopInTime {
  const { drain, abort } = shutdown;
  const over = new AbortController();
  let stoppedAtMs = 0;
  const reason = stopReason;
  const onDrain = (): void => {
    stoppedAtMs = clock.now();
    permit.close({ why: 'stop', reason, finishByMs: stoppedAtMs + stopMs - handBackMs });
  };
  const onAbort = (): void => permit.close({ why: 'stop', reason, finishByMs: 0 });
  const unlisten = [whenAborted(drain, onDrain), whenAborted(abort, onAbort)];

  return {
    newCall() {
      const call = new AbortController();
      const done = new AbortController();
      const endAfter = async (ms: number): Promise<void> => {
        await clock.sleep(ms, AbortSignal.any([done.signal, over.signal]));
        call.abort(new Error(reason));
      };
      const leftMs = (): number => stoppedAtMs + stopMs - farewellMs - clock.now();
      const forget = [
        whenAborted(drain, () => void endAfter(Math.min(callMs, Math.max(hastyCallMs, leftMs())))),
        whenAborted(abort, () => void endAfter(hastyCallMs)),
      ];
      return {
        signal: call.signal,
        [Symbol.dispose]() {
          done.abort();
          for (const end of forget) end();
        },
      };
    },
    ended() {
      over.abort();
      for (const end of unlisten) end();
    },
  };
}

/** Calls the listener when the signal aborts, or now where it has. @returns what takes it back. */
function whenAborted(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
