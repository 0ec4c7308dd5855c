/** What every line of the log carries while something is done on somebody's behalf: the id of the request. */
import { AsyncLocalStorage } from 'node:async_hooks';

export type LogContext = { requestId: string };

export const logContext = new AsyncLocalStorage<LogContext>();

/** For pino's `mixin`: a new object each time, since pino writes into it. */
export const logContextNow = (): object => ({ ...logContext.getStore() });
