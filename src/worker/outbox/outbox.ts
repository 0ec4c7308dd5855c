/**
 * The durable store of transcripts and error reports that the server has not accepted yet. A letter is on disk, fsynced, before it
 * is first sent; it leaves when the server accepts it, or moves to `refused/` with the reason when the server refuses it for good.
 * Nothing is ever deleted unaccepted.
 */
import { randomBytes } from 'node:crypto';
import { messageOf } from '../../app-error.ts';
import type { Clock } from '../../clock.ts';
import { diskError } from '../disk-error.ts';
import { ownToken } from '../process-owner.ts';
import { backoffMs } from '../wire/backoff.ts';
import type { ServerClient } from '../wire/server-client.ts';
import type { Report } from '../worker-event.ts';
import { type Letter, letterFileName, letterStem } from './letter.ts';
import { openLetterFiles } from './letter-files.ts';
import { createPostman, type OnProgress, type Round } from './postman.ts';
import { createQuietTime } from './quiet-time.ts';

export type { Letter } from './letter.ts';

export type Delivery = 'accepted' | 'refused' | 'waiting';

export type Outbox = {
  /**
   * Writes the letter, so that it would survive a power cut, and tries once to deliver it.
   * @throws AppError STT_OUTBOX where it can be neither written nor delivered.
   */
  post: (letter: Letter, signal: AbortSignal) => Promise<Delivery>;
  /** Tries again, with growing pauses, whatever waits: of this run, and of runs that ended. Until the signal aborts. */
  deliverInBackground: (signal: AbortSignal) => Promise<void>;
  /** Delivers what waits; gives up when `patienceMs` is over or the signal aborts. @returns letters that still wait. */
  flush: (patienceMs: number, signal: AbortSignal) => Promise<number>;
  /** Tries each letter now, however many fail; ends early where the server is away, wants other credentials, or none of this. */
  deliverAll: (signal: AbortSignal, onProgress?: OnProgress) => Promise<Round>;
  countWaiting: () => Promise<number>;
};

export type OutboxOptions = {
  folder: string;
  client: Pick<ServerClient, 'sendResult' | 'sendError'>;
  clock: Clock;
  report: Report;
  /** 0 to 1, for the jitter. */
  chance?: () => number;
};

const idlePauseMs = 5000;
/** Where the folder itself cannot be read or written: disk full, taken away. */
const brokenPauseMs = 60_000;
/** Letters are touched at least so often: see `foreignPatienceMs`. */
const longestPauseMs = 60_000;
/** A letter that fails every time must not keep the others waiting; a server that fails every time must not be flooded. */
const mostFailuresPerRound = 3;
const roundsOfDeliverAll = 3;

/** @throws AppError STT_OUTBOX where the folder cannot be made. */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const { folder, client, clock, report, chance = Math.random } = options;
  const files = openLetterFiles(folder, report);
  try {
    await files.makeFolders();
    await files.sweep();
  } catch (error) {
    throw diskError(`The outbox ${folder} cannot be used`, 'STT_OUTBOX', error);
  }
  const quiet = createQuietTime(clock, chance);
  const postman = createPostman({ files, client, quiet, report });

  /** A transcript that cannot be kept may still be delivered: so also in a quiet time, or it would be lost. */
  const sendUnwritten = async (letter: Letter, signal: AbortSignal, problem: Error): Promise<Delivery> => {
    const answer = await postman.send(letter, signal);
    if (answer.kind === 'accepted') return 'accepted';
    const reason = `it could not be delivered either (${answer.reason})`;
    throw diskError(`A letter cannot be written to the outbox ${folder}, and ${reason}`, 'STT_OUTBOX', problem);
  };

  const cannotBeUsed = (error: unknown): void =>
    report({ event: 'warning', message: `The outbox ${folder} cannot be used: ${messageOf(error)}` });

  /** @param failures rounds in a row that delivered nothing. */
  const pauseAfter = (failures: number): number =>
    quiet.leftMs() > 0 ? quiet.leftMs() : backoffMs(Math.max(1, failures), chance());

  return {
    async post(letter, signal) {
      const stem = letterStem(clock.now(), randomBytes(4).toString('hex'));
      using held = postman.hold(letterFileName(stem, ownToken));
      const posted = { name: held.name, letter };
      const problem = await files.write(posted).then(() => undefined, asError);
      if (problem !== undefined) return await sendUnwritten(letter, signal, problem);
      const answer = quiet.leftMs() > 0 ? undefined : await postman.deliver(posted, signal);
      if (answer !== undefined && answer.kind !== 'later') return answer.kind;
      const reason = answer?.reason ?? quiet.reason();
      report({ event: 'waiting', task: letter.message.id, what: letter.kind, reason });
      return 'waiting';
    },

    async deliverInBackground(signal) {
      let failures = 0;
      while (!signal.aborted) {
        let pauseMs = idlePauseMs;
        try {
          const wasQuiet = quiet.leftMs() > 0;
          const { waiting, delivered } = await postman.deliverRound(signal, mostFailuresPerRound);
          if (waiting === 0) failures = 0;
          else if (!wasQuiet) failures = delivered > 0 ? 1 : failures + 1;
          if (waiting > 0) pauseMs = Math.min(longestPauseMs, pauseAfter(failures));
        } catch (error) {
          cannotBeUsed(error);
          pauseMs = brokenPauseMs;
        }
        await clock.sleep(pauseMs, signal);
      }
    },

    async flush(patienceMs, signal) {
      const deadline = clock.now() + patienceMs;
      // A server that does not answer must not use up much more than that either.
      const over = new AbortController();
      const tooLate = new AbortController();
      const either = AbortSignal.any([signal, tooLate.signal]);
      // Who has no patience for a second round has it for one.
      if (patienceMs > 0) {
        void clock.sleep(patienceMs, AbortSignal.any([signal, over.signal])).then(() => tooLate.abort());
      }
      try {
        for (let failures = 1; ; failures += 1) {
          const { waiting } = await postman.deliverRound(either, mostFailuresPerRound);
          const pauseMs = pauseAfter(failures);
          if (waiting === 0 || either.aborted || clock.now() + pauseMs > deadline) return waiting;
          await clock.sleep(pauseMs, either);
        }
      } catch (error) {
        cannotBeUsed(error);
        // Letters that are known to wait.
        return 0;
      } finally {
        over.abort();
      }
    },

    async deliverAll(signal, onProgress) {
      let [delivered, refused] = [0, 0];
      let reason: string | undefined;
      for (let count = 1; ; count += 1) {
        const round = await postman.deliverRound(signal, Infinity, onProgress);
        delivered += round.delivered;
        refused += round.refused;
        reason = round.reason ?? reason;
        // A letter on which the connection breaks ends a round; in the next one it comes last.
        const isOver = round.waiting === 0 || round.isTurnedAway || signal.aborted || count === roundsOfDeliverAll;
        if (isOver) return { ...round, delivered, refused, reason: round.waiting > 0 ? reason : undefined };
        await clock.sleep(backoffMs(count, chance()), signal);
      }
    },

    async countWaiting() {
      try {
        return (await postman.listWaiting()).length;
      } catch (error) {
        cannotBeUsed(error);
        return 0;
      }
    },
  };
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
