/** Tells every worker that runs with this data folder one thing, and says who heard it. */
import { ask, type Call, findWorkers, type FoundWorker, hasEnded } from './control-client.ts';
import { access } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';

export type Told = {
  told: FoundWorker[];
  silent: { worker: FoundWorker; reason: string }[];
};

/** @throws the system's error where this user may not. */
export async function tellWorkers(controlFolder: string, call: Call): Promise<Told> {
  const found = await findWorkers(controlFolder);
  const replies = await Promise.all(found.map(async (worker) => ({ worker, reply: await ask(worker, call) })));
  return {
    told: replies.filter(({ reply }) => reply.kind === 'answered').map(({ worker }) => worker),
    silent: replies.flatMap(({ worker, reply }) => (reply.kind === 'silent' ? [{ worker, reason: reply.reason }] : [])),
  };
}

const lookEveryMs = 250;

/** Resolves when all of them are gone: their processes, or, of another machine, their sockets. */
export async function waitUntilEnded(
  workers: readonly FoundWorker[],
  clock: Clock,
  onLook: (running: number) => void,
): Promise<void> {
  for (;;) {
    const running = await Promise.all(workers.map(isRunning));
    const count = running.filter(Boolean).length;
    if (count === 0) return;
    onLook(count);
    await clock.sleep(lookEveryMs);
  }
}

async function isRunning({ owner, isHere, folder }: FoundWorker): Promise<boolean> {
  if (hasEnded(owner)) return false;
  return isHere || (await exists(folder));
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
