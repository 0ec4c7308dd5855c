/**
 * A worker that is broken takes no more tasks, and tries the bundled sample from time to time, the whole way of a recording: disk,
 * ffmpeg, engine. It comes back by itself when that works, and says both.
 */
import { messageOf } from '../../app-error.ts';
import { requireFfmpeg } from '../../audio/run-ffmpeg.ts';
import type { Clock } from '../../clock.ts';
import type { Engine } from '../../engine/find-engine.ts';
import { proveOnSample } from '../../engine/prove-on-sample.ts';
import type { WorkPermit } from '../schedule/work-permit.ts';
import { requireDiskRoom } from './disk-room.ts';
import type { WorkFolder } from './work-folder.ts';

export type BrokenWorkerOptions = {
  engine: Engine;
  /** Each is tried, where there are several. */
  gpus: number;
  threads: number;
  workFolder: WorkFolder;
  permit: WorkPermit;
  clock: Clock;
  /** Aborts when the worker stops. */
  signal: AbortSignal;
};

const firstPauseMs = 60_000;
const longestPauseMs = 3600_000;

export type BrokenWorker = {
  /** Closes the permit until the sample is transcribed; does nothing while it is closed for that. @param mended called then. */
  declare: (reason: string, mended: () => void) => void;
  /** Resolves when no trial runs any more: for the end of the worker. */
  ended: () => Promise<void>;
};

export function watchBrokenWorker(options: BrokenWorkerOptions): BrokenWorker {
  const { permit, clock, signal } = options;
  let trials: Promise<void> | undefined;
  let pauseMs = firstPauseMs;
  let mendedAtMs = -Infinity;

  const close = (reason: string, untilMs: number): void =>
    permit.close({ why: 'broken', reason, finishByMs: Infinity, untilMs });

  const tryUntilItWorks = async (first: string, mended: () => void): Promise<void> => {
    let reason = `tasks fail for a fault of this machine: ${brief(first)}`;
    // One that is mended, and broken again soon, has more patience with itself.
    if (clock.now() - mendedAtMs > longestPauseMs) pauseMs = firstPauseMs;
    for (;;) {
      close(reason, clock.now() + pauseMs);
      await clock.sleep(pauseMs, signal);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      if (signal.aborted) return;
      try {
        await tryOut(options);
        mendedAtMs = clock.now();
        mended();
        permit.open('broken');
        return;
      } catch (error) {
        if (signal.aborted) return;
        reason = `the bundled sample cannot be transcribed: ${brief(messageOf(error))}`;
      }
    }
  };
  return {
    declare(reason, mended) {
      trials ??= tryUntilItWorks(reason, mended).finally(() => (trials = undefined));
    },
    ended: async () => trials,
  };
}

/** @throws AppError what is still in the way. */
async function tryOut({ engine, gpus, threads, workFolder, signal }: BrokenWorkerOptions): Promise<void> {
  await requireDiskRoom(workFolder.path);
  await requireFfmpeg(signal);
  await using folder = workFolder.newTaskFolder();
  await folder.make();
  const devices = gpus > 1 ? Array.from({ length: gpus }, (_, device) => ({ device })) : [{}];
  for (const device of devices) await proveOnSample(engine, { folder: folder.path, threads, ...device, signal });
}

/** What went wrong, and the engine's last word on it. */
function brief(text: string): string {
  const [first = '', ...rest] = text.trim().split('\n');
  const last = rest.at(-1)?.trim();
  return last === undefined || last === '' ? first : `${first} (${last})`;
}
