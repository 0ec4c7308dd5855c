/**
 * The durable store of transcripts and error reports that the server has not accepted yet. A letter is on disk, fsynced, before it
 * is first sent; it leaves when the server accepts it, or moves to `refused/` with the reason when the server refuses it for good.
 * Nothing is ever deleted unaccepted. Workers may share the folder: a letter's file name says whose it is.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, systemErrorCode } from '../app-error.ts';
import { writeFileAtomic } from '../atomic-file.ts';
import type { Clock } from '../clock.ts';
import { errorMessage, resultMessage } from '../protocol/messages.ts';
import { printable } from '../printable.ts';
import { backoffMs } from './backoff.ts';
import { diskError } from './disk-error.ts';
import { hasOwnerEnded, ownToken } from './process-owner.ts';
import type { Answer } from './server-answer.ts';
import type { ServerClient } from './server-client.ts';
import type { Report } from './worker-event.ts';

const letterSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('result'), message: resultMessage }),
  z.object({ kind: z.literal('error'), message: errorMessage }),
]);

/** What the server is to be told. */
export type Letter = z.infer<typeof letterSchema>;

/** A letter on disk. */
type Posted = { name: string; letter: Letter };

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
  countWaiting: () => Promise<number>;
};

export type OutboxOptions = {
  folder: string;
  client: Pick<ServerClient, 'sendResult' | 'sendError'>;
  clock: Clock;
  report: Report;
};

const idlePauseMs = 5000;
/** Where the folder itself cannot be read or written: disk full, taken away. */
const brokenPauseMs = 60_000;
/** Another machine's worker touches its letters with every try, at least once a minute. */
const foreignPatienceMs = 600_000;

/** @throws AppError STT_OUTBOX where the folder cannot be made. */
export async function openOutbox({ folder, client, clock, report }: OutboxOptions): Promise<Outbox> {
  const refusedFolder = path.join(folder, 'refused');
  const makeFolders = (): Promise<unknown> => mkdir(refusedFolder, { recursive: true, mode: 0o700 });
  try {
    await makeFolders();
  } catch (error) {
    throw diskError(`The outbox ${folder} cannot be used`, 'STT_OUTBOX', error);
  }
  /** Being delivered in this moment, by whoever posted them. */
  const inHand = new Set<string>();
  /** Odd: left where they are until the next start. */
  const leftAlone = new Set<string>();

  const leaveAlone = (name: string, error: unknown): void => {
    leftAlone.add(name);
    const message = `${path.join(folder, name)} in the outbox is left as it is: ${printable(messageOf(error))}`;
    report({ event: 'warning', message });
  };

  const refuse = async (name: string, content: object, reason: string): Promise<void> => {
    const file = path.join(refusedFolder, name);
    await writeFileAtomic(file, JSON.stringify({ reason, ...content }), 0o600);
    await rm(path.join(folder, name), { force: true });
  };

  const send = ({ kind, message }: Letter, signal: AbortSignal): Promise<Answer> =>
    kind === 'result' ? client.sendResult(message, signal) : client.sendError(message, signal);

  /** What the disk does then must not hide what the server said. */
  const sendAndSettle = async ({ name, letter }: Posted, signal: AbortSignal): Promise<Answer> => {
    const answer = await send(letter, signal);
    try {
      if (answer.kind === 'accepted') await rm(path.join(folder, name), { force: true });
      if (answer.kind === 'refused') {
        await refuse(name, letter, answer.reason);
        const file = path.join(refusedFolder, name);
        report({ event: 'refused', task: letter.message.id, what: letter.kind, reason: answer.reason, file });
      }
    } catch (error) {
      leaveAlone(name, error);
    }
    return answer;
  };

  /** @returns what keeps the letter from being written, or undefined. */
  const write = async ({ name, letter }: Posted): Promise<Error | undefined> => {
    try {
      // Somebody may have taken the folder away.
      await makeFolders();
      await writeFileAtomic(path.join(folder, name), JSON.stringify(letter), 0o600);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };

  /** A transcript that cannot be kept may still be delivered. */
  const sendUnwritten = async (letter: Letter, signal: AbortSignal, problem: Error): Promise<Delivery> => {
    const answer = await send(letter, signal);
    if (answer.kind === 'accepted') return 'accepted';
    const reason = `it could not be delivered either (${answer.reason})`;
    throw diskError(`A letter cannot be written to the outbox ${folder}, and ${reason}`, 'STT_OUTBOX', problem);
  };

  /** Own letters, and those of runs that ended, which become own. Oldest first. */
  const listWaiting = async (): Promise<string[]> => {
    const names = (await readFolder(folder)).filter((name) => letterName.test(name) && !leftAlone.has(name)).toSorted();
    const own = await Promise.all(
      names.map(async (name) => {
        try {
          return await adopt(folder, name);
        } catch (error) {
          return leaveAlone(name, error);
        }
      }),
    );
    return own.filter((name) => typeof name === 'string').filter((name) => !inHand.has(name));
  };

  const open = async (name: string): Promise<Posted | undefined> => {
    try {
      const text = await readFile(path.join(folder, name), 'utf8');
      const letter = parseLetter(text);
      if (letter !== undefined) return { name, letter };
      await refuse(name, { text }, 'not a letter');
      report({ event: 'warning', message: `A file in the outbox is not a letter. It is kept in ${refusedFolder}.` });
    } catch (error) {
      leaveAlone(name, error);
    }
    return undefined;
  };

  /** @returns letters that are known to wait: none. */
  const cannotBeUsed = (error: unknown): number => {
    report({ event: 'warning', message: `The outbox ${folder} cannot be used: ${messageOf(error)}` });
    return 0;
  };

  /** One round. Stops at the first letter that cannot be delivered now: the rest would fare no better. */
  const deliverWaiting = async (
    signal: AbortSignal,
  ): Promise<{ waiting: number; retryAfterMs: number | undefined }> => {
    const names = await listWaiting();
    for (const [index, name] of names.entries()) {
      const posted = await open(name);
      if (posted === undefined) continue;
      const answer = await sendAndSettle(posted, signal);
      if (answer.kind === 'accepted')
        report({ event: 'delivered', task: posted.letter.message.id, what: posted.letter.kind });
      if (answer.kind !== 'later') continue;
      const rest = names.slice(index);
      await Promise.all(rest.map((waiting) => touch(path.join(folder, waiting))));
      return { waiting: rest.length, retryAfterMs: answer.retryAfterMs };
    }
    return { waiting: 0, retryAfterMs: undefined };
  };

  return {
    async post(letter, signal) {
      const name = `${String(clock.now()).padStart(15, '0')}-${randomBytes(4).toString('hex')}.${ownToken}.json`;
      inHand.add(name);
      try {
        const problem = await write({ name, letter });
        if (problem !== undefined) return await sendUnwritten(letter, signal, problem);
        const answer = await sendAndSettle({ name, letter }, signal);
        if (answer.kind !== 'later') return answer.kind;
        report({ event: 'waiting', task: letter.message.id, what: letter.kind, reason: answer.reason });
        return 'waiting';
      } finally {
        inHand.delete(name);
      }
    },

    async deliverInBackground(signal) {
      let failures = 0;
      while (!signal.aborted) {
        let pauseMs = idlePauseMs;
        try {
          const { waiting, retryAfterMs } = await deliverWaiting(signal);
          failures = waiting === 0 ? 0 : failures + 1;
          if (failures > 0) pauseMs = Math.max(retryAfterMs ?? 0, backoffMs(failures, Math.random()));
        } catch (error) {
          cannotBeUsed(error);
          pauseMs = brokenPauseMs;
        }
        await clock.sleep(pauseMs, signal);
      }
    },

    async flush(patienceMs, signal) {
      const deadline = clock.now() + patienceMs;
      try {
        for (let failures = 1; ; failures += 1) {
          const { waiting } = await deliverWaiting(signal);
          const pauseMs = backoffMs(failures, Math.random());
          if (waiting === 0 || signal.aborted || clock.now() + pauseMs > deadline) return waiting;
          await clock.sleep(pauseMs, signal);
        }
      } catch (error) {
        return cannotBeUsed(error);
      }
    },

    async countWaiting() {
      try {
        return (await listWaiting()).length;
      } catch (error) {
        return cannotBeUsed(error);
      }
    },
  };
}

const letterName = /^\d+-\w+\.[\w-]+\.json$/u;

/** What is no regular file (a directory, a pipe) is no letter. A folder that was taken away holds none. */
async function readFolder(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function parseLetter(text: string): Letter | undefined {
  try {
    return letterSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The name under which the letter is ours, or undefined when it is a living worker's. */
async function adopt(folder: string, name: string): Promise<string | undefined> {
  const [id = '', owner = ''] = name.split('.');
  if (owner === ownToken) return name;
  const ownName = `${id}.${ownToken}.json`;
  try {
    const { mtimeMs } = await stat(path.join(folder, name));
    if (!hasOwnerEnded(owner, Date.now() - mtimeMs, foreignPatienceMs)) return undefined;
    await rename(path.join(folder, name), path.join(folder, ownName));
    return ownName;
  } catch (error) {
    // Another worker was quicker.
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** One that cannot be touched is told of when it is read. */
async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch(() => {});
}
