/**
 * Whether a worker still comes forward, for the watchdog: a task in hand hangs that tells nothing for an hour longer than what works on
 * it may take. ffmpeg and the engine are ended at deadlines of their own, and may be silent until then: an engine while it looks for
 * speech in hours of audio, ffmpeg where a recording does not say how long it is. Pure: a reading of events and of monotonic time.
 */
import { longestAudioSeconds } from '../../audio/ffmpeg-arguments.ts';
import { decodeLimits } from '../../audio/decode-limits.ts';
import { engineDeadlineMs } from '../../engine/whisper-cli.ts';
import type { TaskEndEvent, TaskProgressEvent, WorkerEvent } from '../worker-event.ts';

/** Of the worker itself, which waits for others for minutes at most, but for a slot. */
export const longestSilenceMs = 3_600_000;

export type ProgressWatch = {
  hear: (event: WorkerEvent, elapsedMs: number) => void;
  /** @param isOpen whether the worker may take tasks. @returns what hangs, undefined where nothing does. */
  stuck: (elapsedMs: number, isOpen: boolean) => string | undefined;
};

type InHand = {
  heardAtMs: number;
  /** So long it may be silent. */
  silenceMs: number;
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
    const isSilent = ({ heardAtMs, silenceMs, isReady }: InHand): boolean =>
      !isReady && elapsedMs - heardAtMs > silenceMs;
    return [...inHand].find(([, task]) => isSilent(task))?.[0];
  };
  const silentHours = (task: string, elapsedMs: number): number =>
    Math.floor((elapsedMs - (inHand.get(task)?.heardAtMs ?? elapsedMs)) / 3_600_000);
  return {
    hear(event, elapsedMs) {
      if (event.event === 'started') slots = event.slots;
      else if (event.event === 'claimed') {
        inHand.set(event.task, newlyInHand(elapsedMs));
      } else if (event.event === 'progress') {
        inHand.set(event.task, inHandAfter(event, elapsedMs));
      } else if (isEnd(event)) inHand.delete(event.task);
      // Nothing of a task moved.
      else return;
      movedAtMs = elapsedMs;
    },
    stuck(elapsedMs, isOpen) {
      const silent = stuckTask(elapsedMs);
      if (silent !== undefined)
        return `task ${silent.slice(0, 8)} has told nothing for ${silentHours(silent, elapsedMs)} h`;
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

const newlyInHand = (heardAtMs: number): InHand => ({
  heardAtMs,
  silenceMs: longestSilenceMs,
  slot: undefined,
  isReady: false,
});

function inHandAfter(event: TaskProgressEvent, heardAtMs: number): InHand {
  const { slot, phase, progress } = event;
  return {
    heardAtMs,
    silenceMs: longestSilenceMs + deadlineMs(event),
    slot: phase === 'deliver' ? undefined : slot,
    isReady: slot === undefined && phase === 'decode' && progress === 1,
  };
}

/** Of the program that works on it; 0 where there is none. Counted from its start, so more than it has left. */
function deadlineMs({ phase, audioSeconds = longestAudioSeconds }: TaskProgressEvent): number {
  if (phase === 'transcribe') return engineDeadlineMs(audioSeconds);
  return phase === 'decode' ? longestDecodeMs : 0;
}

const longestDecodeMs = decodeLimits({ durationSeconds: longestAudioSeconds, durationSource: 'exact' }, 0).timeoutMs;

const ends: ReadonlySet<WorkerEvent['event']> = new Set(['transcribed', 'failed', 'lease_lost', 'handed_back']);

const isEnd = (event: WorkerEvent): event is TaskEndEvent => ends.has(event.event);
