/**
 * One slot: takes what is prepared, runs an engine on it, takes the next. While the worker is closing it watches over the task in
 * hand, and has it handed back as soon as it will not be done in time.
 */
import type { Clock } from '../../clock.ts';
import type { Engine } from '../../engine/find-engine.ts';
import type { WorkPermit } from '../schedule/work-permit.ts';
import type { Closure } from '../worker-event.ts';
import type { EngineIdle } from './engine-idle.ts';
import type { Finding, Prepared, TaskInHand } from './task-in-hand.ts';
import { transcribeTask } from './transcribe-task.ts';

export type ReadyTask = { task: TaskInHand; prepared: Prepared };

export type SlotOptions = {
  /** From 1. */
  slot: number;
  engine: Engine;
  threads: number;
  device: number | undefined;
  permit: WorkPermit;
  clock: Clock;
  idle: EngineIdle;
  /** The next one; undefined where there will be none. */
  take: () => Promise<ReadyTask | undefined>;
  /** Audio seconds per second of the last task, to guess the time of the next one. */
  lastSpeed: () => number | undefined;
  onFinding: (task: TaskInHand, finding: Finding) => void;
};

/** Never throws. */
export async function runSlot(options: SlotOptions): Promise<void> {
  const { slot, idle, take, lastSpeed, onFinding } = options;
  for (let ready = await take(); ready !== undefined; ready = await take()) {
    const { task, prepared } = ready;
    const done = new AbortController();
    task.progress.enterSlot(slot, prepared.audioSeconds, lastSpeed());
    void watchOver(task, options, done.signal);
    idle.begins(slot);
    const finding = await transcribeTask(task, prepared, options);
    idle.ends(slot, finding.kind === 'transcript' ? finding.engineSeconds : undefined);
    done.abort();
    onFinding(task, finding);
  }
}

const lookEveryMs = 1000;

async function watchOver(task: TaskInHand, { permit, clock }: SlotOptions, done: AbortSignal): Promise<void> {
  const look = (): void => {
    const { closure } = permit;
    if (closure === undefined || isDoneInTime(task.progress.secondsLeft(), closure, clock.now())) return;
    task.handBack.abort(new Error(closure.reason));
  };
  const stopListening = permit.onChange(look);
  while (!done.aborted) {
    look();
    const endsInMs = (permit.closure?.finishByMs ?? Infinity) - clock.now();
    await clock.sleep(endsInMs > 0 ? Math.min(lookEveryMs, endsInMs) : lookEveryMs, done);
  }
  stopListening();
}

/** Where nothing is known of the time left there is nothing to wait for: the task has only begun. */
export function isDoneInTime(secondsLeft: number | undefined, { finishByMs }: Closure, nowMs: number): boolean {
  if (finishByMs === Infinity) return true;
  if (nowMs >= finishByMs) return false;
  return secondsLeft !== undefined && nowMs + secondsLeft * 1000 <= finishByMs;
}
