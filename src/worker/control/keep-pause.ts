/**
 * Holds the permit of a running worker closed while a person's pause is in force. The file says so, and is looked at at least once a
 * minute: other workers and `stt pause` write it too, and neither a clock that jumps nor a machine that slept may prolong a pause.
 */
import { messageOf } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import type { WorkPermit } from '../schedule/work-permit.ts';
import type { Report } from '../worker-event.ts';
import {
  parsePause,
  type Pause,
  pauseFrom,
  pauseNow,
  type PauseRequest,
  readPauseText,
  removePause,
  writePause,
} from './pause-file.ts';

export type PauseKeeper = AsyncDisposable & {
  /** Never throw: what cannot be written to the disk holds for this run at least. */
  pause: (request: PauseRequest) => Promise<void>;
  resume: () => Promise<void>;
};

export type PauseOptions = {
  /** `pause.json`. */
  file: string;
  permit: Pick<WorkPermit, 'close' | 'open'>;
  /** Running tasks that will be done within so long are finished. */
  graceMs: number;
  clock: Clock;
  report: Report;
};

const lookEveryMs = 60_000;

/** When it resolves, the permit is closed where a pause is in force. Never throws. */
export async function keepPause({ file, permit, graceMs, clock, report }: PauseOptions): Promise<PauseKeeper> {
  /** The file as it was last seen, and what it means; where the disk would not take it, what it should mean. */
  let known: { text: string | undefined; pause: Pause | undefined } = { text: undefined, pause: undefined };
  let applied: Pause | undefined;
  let lastWarning = '';
  const over = new AbortController();
  let nap = new AbortController();

  const warn = (message: string): void => {
    if (message !== lastWarning) report({ event: 'warning', message });
    lastWarning = message;
  };
  const trying = async <T>(what: string, work: Promise<T>): Promise<T | 'failed'> => {
    try {
      return await work;
    } catch (error) {
      warn(`The pause in ${file} cannot be ${what}: ${messageOf(error)}.`);
      return 'failed';
    }
  };
  const apply = (): void => {
    const pause = pauseNow(known.pause, clock.now());
    known = { ...known, pause };
    if (pause === applied) return;
    applied = pause;
    if (pause === undefined) {
      permit.open('pause');
      return;
    }
    const { sinceMs, untilMs, isAtOnce } = pause;
    const finishByMs = sinceMs + (isAtOnce ? 0 : graceMs);
    permit.close({ why: 'pause', reason: 'paused by a person', finishByMs, untilMs });
  };
  const look = async (): Promise<void> => {
    const text = await trying('read', readPauseText(file));
    if (text !== known.text && text !== 'failed') {
      const pause = text === undefined ? undefined : parsePause(text);
      known = { text, pause };
      if (text !== undefined && pause === undefined) {
        warn(`${file} was no pause, and is removed.`);
        await trying('removed', removePause(file));
      }
    }
    const hadOne = known.pause !== undefined;
    apply();
    if (hadOne && known.pause === undefined && known.text !== undefined) await removeExpired();
  };
  /** Not one that somebody has written meanwhile. */
  const removeExpired = async (): Promise<void> => {
    if ((await trying('read', readPauseText(file))) === known.text) await trying('removed', removePause(file));
  };

  /** One after the other: a look must not undo what is being written. */
  let turn = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    turn = turn.then(work);
    return turn;
  };
  const lookAgainAndAgain = async (): Promise<void> => {
    while (!over.signal.aborted) {
      nap = new AbortController();
      const leftMs = (known.pause?.untilMs ?? Infinity) - clock.now();
      await clock.sleep(Math.min(lookEveryMs, Math.max(1, leftMs)), nap.signal);
      if (!over.signal.aborted) await inTurn(look);
    }
  };

  await inTurn(look);
  const looking = lookAgainAndAgain();
  return {
    pause: (request) =>
      inTurn(async () => {
        const pause = pauseFrom(request, clock.now());
        await trying('written', writePause(file, pause));
        const text = await trying('read', readPauseText(file));
        known = { text: text === 'failed' ? known.text : text, pause };
        apply();
        nap.abort();
      }),
    resume: () =>
      inTurn(async () => {
        const isRemoved = (await trying('removed', removePause(file))) !== 'failed';
        known = { text: isRemoved ? undefined : known.text, pause: undefined };
        apply();
      }),
    async [Symbol.asyncDispose]() {
      over.abort();
      nap.abort();
      await looking;
    },
  };
}
