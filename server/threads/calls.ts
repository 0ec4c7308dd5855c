/**
 * Calls between threads: one side has verbs, the other calls them and gets promises. Calls that are made together travel together,
 * so that the thread may answer them together. Errors keep what the rest of the server looks at: codes, hints, exit codes.
 */
import type { MessagePort, Transferable } from 'node:worker_threads';
import { AppError, type AppErrorOptions, messageOf } from '../../src/app-error.ts';

/** Verbs as their thread runs them. */
export type Verbs = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The same verbs as the other threads see them. */
export type Remote<V> = {
  readonly [K in keyof V]: V[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

export type Call = { sequence: number; verb: string; args: readonly unknown[] };
export type Reply = { sequence: number } & Outcome;
export type Outcome =
  { kind: 'value'; value: unknown; transfer?: readonly Transferable[] } | { kind: 'error'; error: CarriedError };

export type CarriedError = {
  name: string;
  message: string;
  stack: string | undefined;
  code: string | undefined;
  errcode: number | undefined;
  /** What an AppError has beside its message. */
  app: AppErrorOptions | undefined;
};

export function carryError(error: unknown): CarriedError {
  const known = error instanceof Error ? error : new Error(messageOf(error));
  const { code, errcode } = known as { code?: unknown; errcode?: unknown };
  return {
    name: known.name,
    message: known.message,
    stack: known.stack,
    code: typeof code === 'string' ? code : undefined,
    errcode: typeof errcode === 'number' ? errcode : undefined,
    app: known instanceof AppError ? optionsOf(known) : undefined,
  };
}

function optionsOf({ code, hint, exitCode }: AppError): AppErrorOptions {
  return { code: code as AppErrorOptions['code'], exitCode, ...(hint === undefined ? {} : { hint }) };
}

export function deliverError(carried: CarriedError): Error {
  const { name, message, stack, code, errcode, app } = carried;
  if (app !== undefined) return new AppError(message, app);
  const error = Object.assign(new Error(message), { code, errcode });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

type Pending = { resolve: (value: unknown) => void; reject: (error: Error) => void };

/** The calling side of a port. */
export class Caller<V> {
  readonly verbs: Remote<V>;
  readonly #port: MessagePort;
  readonly #pending = new Map<number, Pending>();
  readonly #onError: ((error: Error) => void) | undefined;
  #sequence = 0;
  #outgoing: Call[] = [];
  #transfer: Transferable[] = [];
  #broken: Error | undefined;

  /** @param onError is told of each error that a verb answers with. */
  constructor(port: MessagePort, onError?: (error: Error) => void) {
    this.#port = port;
    this.#onError = onError;
    port.on('message', (replies: Reply[]) => {
      for (const reply of replies) this.#settle(reply);
    });
    port.on('close', () => this.break(new Error('the thread has ended')));
    // A caller that is written by its verbs' names; `then` would make it look like a promise.
    this.verbs = new Proxy({} as Remote<V>, {
      get: (_, verb) =>
        typeof verb === 'string' && verb !== 'then' ? (...args: unknown[]) => this.call(verb, args) : undefined,
    });
  }

  /** @param transfer what is handed over instead of copied. */
  call(verb: string, args: readonly unknown[], transfer: readonly Transferable[] = []): Promise<unknown> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    this.#sequence += 1;
    const sequence = this.#sequence;
    if (this.#outgoing.length === 0) setImmediate(() => this.#send());
    this.#outgoing.push({ sequence, verb, args });
    this.#transfer.push(...transfer);
    return new Promise((resolve, reject) => this.#pending.set(sequence, { resolve, reject }));
  }

  /** The thread has ended: nothing that waits for it will be answered. */
  break(error: Error): void {
    this.#broken ??= error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  close(): void {
    this.break(new Error('the thread was closed'));
    this.#port.close();
  }

  #send(): void {
    const calls = this.#outgoing;
    const transfer = this.#transfer;
    this.#outgoing = [];
    this.#transfer = [];
    this.#port.postMessage(calls, transfer);
  }

  #settle(reply: Reply): void {
    const waiting = this.#pending.get(reply.sequence);
    this.#pending.delete(reply.sequence);
    if (reply.kind === 'value') {
      waiting?.resolve(reply.value);
      return;
    }
    const error = deliverError(reply.error);
    this.#onError?.(error);
    waiting?.reject(error);
  }
}

/** Answers each call by itself, in the order in which the verbs get done. */
export function answerCalls(port: MessagePort, verbs: Verbs): void {
  port.on('message', (calls: Call[]) => {
    for (const call of calls) {
      void outcomeOf(() => (verbs[call.verb] as (...args: unknown[]) => unknown)(...call.args)).then((outcome) => {
        reply(port, [{ sequence: call.sequence, ...outcome }]);
      });
    }
  });
}

export async function outcomeOf(work: () => unknown): Promise<Outcome> {
  try {
    return { kind: 'value', value: await work() };
  } catch (error) {
    return { kind: 'error', error: carryError(error) };
  }
}

export function reply(port: MessagePort, replies: readonly Reply[]): void {
  port.postMessage(replies);
}
