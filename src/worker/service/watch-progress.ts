/**
 * Whether a worker still comes forward, for the watchdog: a task in hand that tells nothing for an hour hangs, whatever the reason.
 * Engines have deadlines of their own; this is for what has none. Pure: a reading of events and of monotonic time.
 */
import type { TaskEndEvent, WorkerEvent } from '../worker-event.ts';

/** A slow machine hears a window of 30 s in some minutes, and tells of each. */
export const longestSilenceMs = 3_600_000;

export type ProgressWatch = {
  hear: (event: WorkerEvent, elapsedMs: number) => void;
  /** @param isOpen whether the worker may take tasks. @returns what hangs, undefined where nothing does. */
  stuck: (elapsedMs: number, isOpen: boolean) => string | undefined;
};

type InHand = {
  heardAtMs: number;
  slot: number | undefined;
  /** Downloaded and decoded: it waits for a slot, which may take hours. */
  isReady: boolean;
};

export function watchProgress(): ProgressWatch {
  const inHand = new Map<string, InHand>();
  let slots = 0;
  /** Since then tasks could have gone into a slot, and none did. */
  let movedAtMs = 0;
  const stuckTask = (elapsedMs: number): string | undefined => {
    const isSilent = ({ heardAtMs, isReady }: InHand): boolean => !isReady && elapsedMs - heardAtMs > longestSilenceMs;
    return [...inHand].find(([, task]) => isSilent(task))?.[0];
  };
  return {
    hear(event, elapsedMs) {
      if (event.event === 'started') slots = event.slots;
      else if (event.event === 'claimed') {
        inHand.set(event.task, { heardAtMs: elapsedMs, slot: undefined, isReady: false });
      } else if (event.event === 'progress') {
        const { task, slot, phase, progress } = event;
        const isReady = slot === undefined && phase === 'decode' && progress === 1;
        inHand.set(task, { heardAtMs: elapsedMs, slot: phase === 'deliver' ? undefined : slot, isReady });
      } else if (isEnd(event)) inHand.delete(event.task);
      // Nothing of a task moved.
      else return;
      movedAtMs = elapsedMs;
    },
    stuck(elapsedMs, isOpen) {
      const silent = stuckTask(elapsedMs);
      if (silent !== undefined) return `task ${silent.slice(0, 8)} tells nothing`;
      const tasks = [...inHand.values()];
      const free = slots - tasks.filter(({ slot }) => slot !== undefined).length;
      // While it is closed none goes into a slot, and that is right.
      if (!isOpen) movedAtMs = elapsedMs;
      const isLeftLying = free > 0 && tasks.some(({ isReady }) => isReady);
      return isLeftLying && elapsedMs - movedAtMs > longestSilenceMs
        ? 'no slot takes the task that is ready'
        : undefined;
    },
  };
}

const ends: ReadonlySet<WorkerEvent['event']> = new Set(['transcribed', 'failed', 'lease_lost', 'handed_back']);

const isEnd = (event: WorkerEvent): event is TaskEndEvent => ends.has(event.event);
