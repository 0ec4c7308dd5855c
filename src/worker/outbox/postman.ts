/**
 * Carries letters to the server: one, or all that wait, once through. What becomes of a letter on disk is settled with the answer:
 * gone, set aside, or left to wait. When to try again is for those who call.
 */
import { type Answer, isAboutCredentials } from '../wire/server-answer.ts';
import type { ServerClient } from '../wire/server-client.ts';
import type { Report } from '../worker-event.ts';
import type { Letter } from './letter.ts';
import type { LetterFiles, PostedLetter } from './letter-files.ts';
import type { QuietTime } from './quiet-time.ts';

/** What one time through the letters came to. */
export type Round = {
  delivered: number;
  refused: number;
  waiting: number;
  /** Why they wait; undefined where none was sent that waits. */
  reason: string | undefined;
  /** The server wants other credentials, or fewer calls: at once again is no use. */
  isTurnedAway: boolean;
};

/** So many of so many are settled. */
export type OnProgress = (done: number, all: number) => void;

export type Postman = {
  /** A letter that is on no disk. */
  send: (letter: Letter, signal: AbortSignal) => Promise<Answer>;
  /** One that is. */
  deliver: (posted: PostedLetter, signal: AbortSignal) => Promise<Answer>;
  /** No round takes it. */
  hold: (name: string) => Disposable & { name: string };
  /** @throws system error where the folder cannot be read. */
  listWaiting: () => Promise<string[]>;
  /**
   * Tries each letter that waits, until so many have failed, or what failed would fail for all.
   * @throws system error where the folder cannot be read.
   */
  deliverRound: (signal: AbortSignal, mostFailures: number, onProgress?: OnProgress) => Promise<Round>;
};

export type PostmanOptions = {
  files: LetterFiles;
  client: Pick<ServerClient, 'sendResult' | 'sendError'>;
  quiet: QuietTime;
  report: Report;
};

export function createPostman({ files, client, quiet, report }: PostmanOptions): Postman {
  /** Being delivered in this moment. */
  const inHand = new Set<string>();
  /** How often each letter that waits has failed. */
  const failuresOf = new Map<string, number>();

  const hold: Postman['hold'] = (name) => {
    inHand.add(name);
    return { name, [Symbol.dispose]: () => inHand.delete(name) };
  };

  const send = async ({ kind, message }: Letter, signal: AbortSignal): Promise<Answer> => {
    const answer = await (kind === 'result' ? client.sendResult(message, signal) : client.sendError(message, signal));
    quiet.heed(answer);
    return answer;
  };

  /** What the disk does then must not hide what the server said. */
  const deliver = async ({ name, letter }: PostedLetter, signal: AbortSignal): Promise<Answer> => {
    const answer = await send(letter, signal);
    if (answer.kind === 'later') failuresOf.set(name, (failuresOf.get(name) ?? 0) + 1);
    else failuresOf.delete(name);
    try {
      if (answer.kind === 'accepted') await files.remove(name);
      if (answer.kind === 'refused') {
        const file = await files.setAside(name, letter, answer.reason);
        report({ event: 'refused', task: letter.message.id, what: letter.kind, reason: answer.reason, file });
      }
    } catch (error) {
      files.leaveAlone(name, error);
    }
    return answer;
  };

  /** Those that failed least often first, so that each has its turn; then oldest first. */
  const listWaiting = async (): Promise<string[]> => {
    const names = (await files.listOwn()).filter((name) => !inHand.has(name));
    const failures = (name: string): number => failuresOf.get(name) ?? 0;
    return names.toSorted((a, b) => failures(a) - failures(b) || (a < b ? -1 : 1));
  };

  /** @returns undefined for what is no letter. */
  const deliverOne = async (name: string, signal: AbortSignal): Promise<Answer | undefined> => {
    using held = hold(name);
    const posted = await files.read(held.name);
    if (posted === undefined) return undefined;
    const answer = await deliver(posted, signal);
    const { kind, message } = posted.letter;
    if (answer.kind === 'accepted') report({ event: 'delivered', task: message.id, what: kind });
    return answer;
  };

  const deliverRound: Postman['deliverRound'] = async (signal, mostFailures, onProgress) => {
    const names = await listWaiting();
    const waiting = new Set(names);
    const round: Round = { delivered: 0, refused: 0, waiting: 0, reason: undefined, isTurnedAway: false };
    let failures = 0;
    for (const name of names) {
      if (signal.aborted || failures >= mostFailures) break;
      if (quiet.leftMs() > 0) {
        round.reason = quiet.reason();
        round.isTurnedAway = true;
        break;
      }
      const answer = await deliverOne(name, signal);
      if (answer?.kind === 'later') {
        failures += 1;
        round.reason = answer.reason;
        round.isTurnedAway = isTurnedAway(answer);
        // No connection, or turned away: the other letters would fare no better now.
        if (answer.status === undefined || round.isTurnedAway) break;
        continue;
      }
      waiting.delete(name);
      if (answer?.kind === 'accepted') round.delivered += 1;
      if (answer?.kind === 'refused') round.refused += 1;
      onProgress?.(names.length - waiting.size, names.length);
    }
    await files.touch([...waiting]);
    return { ...round, waiting: waiting.size };
  };

  return { send, deliver, hold, listWaiting, deliverRound };
}

function isTurnedAway({ status, retryAfterMs = 0 }: Extract<Answer, { kind: 'later' }>): boolean {
  return status === 429 || isAboutCredentials(status) || retryAfterMs > 0;
}
