/** One slot: asks for a task, works on it, asks again. Decides how long to wait in between, and when there is nothing more to do. */
import { messageOf } from '../app-error.ts';
import { longestWaitSeconds } from '../protocol/wire.ts';
import { backoffMs } from './backoff.ts';
import { logProcessed } from './processed-log.ts';
import { type ClaimedTask, type ProcessedTask, processTask, type Workshop } from './process-task.ts';
import type { Claim } from './server-client.ts';
import type { ServerPresence } from './server-presence.ts';

/** Until stopped; until the server has no task to give; one task. */
export type RunMode = 'forever' | 'until_empty' | 'once';

export type SlotOptions = Workshop & { mode: RunMode; presence: ServerPresence; processedCsv: string };

/** A server that answers "no task" sooner than this knows no long poll, and is asked as seldom as the ancestor asks. */
const shortestPollMs = 10_000;
/** So many tasks in a row may come to nothing before the next one is put off. */
const mostInVain = 3;
const waitSeconds = longestWaitSeconds - 10;

/**
 * Returns when the mode says so, or when `stop` aborts and the task in hand was handed back.
 * @throws what ends a run that is to end by itself: the server away for too long, this machine in trouble.
 */
export async function runSlot(options: SlotOptions): Promise<void> {
  const { mode, stop, presence } = options;
  let failures = 0;
  let tasksInVain = 0;
  let isIdle = false;

  for (;;) {
    const askedAt = options.clock.now();
    const claim = await claimUnlessStopped(options);
    if (claim === undefined) return;

    if (claim.kind === 'later') {
      presence.away(claim.reason, askedAt);
      failures += 1;
      // A run that is to end by itself has less patience than a server may ask for.
      await pause(failures, mode === 'forever' ? claim.retryAfterMs : undefined, options);
      continue;
    }
    presence.here();
    if (claim.kind === 'none') {
      if (mode !== 'forever') return;
      if (!isIdle) options.report({ event: 'idle', slot: options.slot });
      isIdle = true;
      failures = 0;
      await options.clock.sleep(Math.max(0, shortestPollMs - (options.clock.now() - askedAt)), stop);
      continue;
    }
    isIdle = false;
    const { end, trouble } = await finishTask(claim, options);
    if (trouble !== undefined && mode !== 'forever') throw trouble;
    if (mode === 'once') return;
    failures = trouble === undefined ? 0 : failures + 1;
    if (trouble !== undefined) await pause(failures, undefined, options);
    tasksInVain = end.event === 'transcribed' ? 0 : tasksInVain + 1;
    // A server may hand out one hopeless task after the other, as fast as it is asked.
    if (mode === 'forever' && tasksInVain >= mostInVain) await pause(tasksInVain - mostInVain + 1, undefined, options);
  }
}

async function claimUnlessStopped({ mode, client, stop, presence }: SlotOptions): Promise<Claim | undefined> {
  if (stop.aborted) return undefined;
  try {
    return await client.claim(mode === 'forever' ? waitSeconds : 0, stop, presence.patienceMs());
  } catch (error) {
    if (stop.aborted) return undefined;
    throw error;
  }
}

async function finishTask(task: ClaimedTask, options: SlotOptions): Promise<ProcessedTask> {
  const { slot, clock, report } = options;
  const { id, language } = task.lease;
  report({ event: 'claimed', slot, task: id, language });
  const startedAt = clock.now();
  const processed = await processTask(task, options);
  const { end } = processed;
  report(end);
  try {
    await logProcessed(options.processedCsv, end, language, (clock.now() - startedAt) / 1000);
  } catch (error) {
    report({ event: 'warning', message: `${options.processedCsv} cannot be written: ${messageOf(error)}` });
  }
  return processed;
}

const pause = (failures: number, retryAfterMs = 0, { clock, stop }: SlotOptions): Promise<void> =>
  clock.sleep(Math.max(retryAfterMs, backoffMs(failures, Math.random())), stop);
