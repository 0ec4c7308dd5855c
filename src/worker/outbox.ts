/**
 * The durable store of transcripts and error reports that the server has not accepted yet. A letter is on disk, fsynced, before it
 * is first sent; it leaves when the server accepts it, or moves to `refused/` with the reason when the server refuses it for good.
 * Nothing is ever deleted unaccepted. Workers may share the folder: a letter's file name says whose it is.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, systemErrorCode } from '../app-error.ts';
import { writeFileAtomic } from '../atomic-file.ts';
import type { Clock } from '../clock.ts';
import { errorMessage, resultMessage } from '../protocol/messages.ts';
import { backoffMs } from './backoff.ts';
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
export type Posted = { name: string; letter: Letter };

export type Delivery = 'accepted' | 'refused' | 'waiting';

export type Outbox = {
  /** Resolves when the letter would survive a power cut. */
  put: (letter: Letter) => Promise<Posted>;
  /** One try. */
  deliver: (posted: Posted, signal: AbortSignal) => Promise<Delivery>;
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

export async function openOutbox({ folder, client, clock, report }: OutboxOptions): Promise<Outbox> {
  const refusedFolder = path.join(folder, 'refused');
  await mkdir(refusedFolder, { recursive: true, mode: 0o700 });
  /** Being delivered in this moment, by whoever put them. */
  const inHand = new Set<string>();

  const refuse = async (name: string, content: object, reason: string): Promise<void> => {
    const file = path.join(refusedFolder, name);
    await writeFileAtomic(file, JSON.stringify({ reason, ...content }), 0o600);
    await removeIfThere(path.join(folder, name));
  };

  const send = async ({ name, letter }: Posted, signal: AbortSignal): Promise<Answer> => {
    const answer =
      letter.kind === 'result'
        ? await client.sendResult(letter.message, signal)
        : await client.sendError(letter.message, signal);
    const task = letter.message.id;
    if (answer.kind === 'accepted') await removeIfThere(path.join(folder, name));
    if (answer.kind === 'refused') {
      await refuse(name, letter, answer.reason);
      report({
        event: 'refused',
        task,
        what: letter.kind,
        reason: answer.reason,
        file: path.join(refusedFolder, name),
      });
    }
    return answer;
  };

  /** Own letters, and those of runs that ended, which become own. Oldest first. */
  const listWaiting = async (): Promise<string[]> => {
    const names = (await readdir(folder)).filter((name) => /^\d+-\w+\.[\w-]+\.json$/u.test(name)).toSorted();
    const own = await Promise.all(names.map((name) => adopt(folder, name)));
    return own.filter((name) => name !== undefined).filter((name) => !inHand.has(name));
  };

  const open = async (name: string): Promise<Posted | undefined> => {
    const text = await readFile(path.join(folder, name), 'utf8');
    try {
      return { name, letter: letterSchema.parse(JSON.parse(text)) };
    } catch (error) {
      const reason = `not a letter: ${messageOf(error)}`;
      await refuse(name, { text }, reason);
      report({ event: 'warning', message: `A file in the outbox is ${reason}. It is kept in ${refusedFolder}.` });
      return undefined;
    }
  };

  /** One round. Stops at the first letter that cannot be delivered now: the rest would fare no better. */
  const deliverWaiting = async (
    signal: AbortSignal,
  ): Promise<{ waiting: number; retryAfterMs: number | undefined }> => {
    const names = await listWaiting();
    for (const [index, name] of names.entries()) {
      const posted = await open(name);
      if (posted === undefined) continue;
      const answer = await send(posted, signal);
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
    async put(letter) {
      const name = `${String(clock.now()).padStart(15, '0')}-${randomBytes(4).toString('hex')}.${ownToken}.json`;
      inHand.add(name);
      await writeFileAtomic(path.join(folder, name), JSON.stringify(letter), 0o600);
      return { name, letter };
    },

    async deliver(posted, signal) {
      try {
        const answer = await send(posted, signal);
        if (answer.kind !== 'later') return answer.kind;
        report({ event: 'waiting', task: posted.letter.message.id, what: posted.letter.kind, reason: answer.reason });
        return 'waiting';
      } finally {
        inHand.delete(posted.name);
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
          report({ event: 'warning', message: `The outbox ${folder} cannot be used: ${messageOf(error)}` });
          pauseMs = brokenPauseMs;
        }
        await clock.sleep(pauseMs, signal);
      }
    },

    async flush(patienceMs, signal) {
      const deadline = clock.now() + patienceMs;
      for (let failures = 1; ; failures += 1) {
        const { waiting } = await deliverWaiting(signal);
        const pauseMs = backoffMs(failures, Math.random());
        if (waiting === 0 || signal.aborted || clock.now() + pauseMs > deadline) return waiting;
        await clock.sleep(pauseMs, signal);
      }
    },

    countWaiting: async () => (await listWaiting()).length,
  };
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

async function touch(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now);
}

async function removeIfThere(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}
