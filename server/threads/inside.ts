/** The thread's own side: what it was given, and how it says that it is ready, or that it cannot be. */
import { parentPort, workerData } from 'node:worker_threads';
import { carryError } from './calls.ts';
import type { ThreadNews, ThreadStart } from './thread.ts';

export function threadStart<Data>(): ThreadStart<Data> {
  return workerData as ThreadStart<Data>;
}

export function tell(event: unknown): void {
  post({ kind: 'event', event });
}

/** Runs what brings the thread up; then it is ready, or its owner hears why not. */
export async function bringUp(work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
    post({ kind: 'ready' });
  } catch (error) {
    post({ kind: 'failed', error: carryError(error) });
  }
}

function post(news: ThreadNews<unknown>): void {
  parentPort?.postMessage(news, []);
}
