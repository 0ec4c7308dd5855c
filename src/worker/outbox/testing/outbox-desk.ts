/** An outbox in a test: its server answers as told, everything it tells is at hand. Used by tests only. */
import { readdir, rename } from 'node:fs/promises';
import type { TemporaryFolder } from '../../../../test/support/temporary-folder.ts';
import type { Clock } from '../../../clock.ts';
import { ownToken } from '../../process-owner.ts';
import { hurriedClock } from '../../testing/hurried-clock.ts';
import type { Answer } from '../../wire/server-answer.ts';
import type { WorkerEvent } from '../../worker-event.ts';
import { type Letter, openOutbox, type Outbox } from '../outbox.ts';

export const never = new AbortController().signal;
export const transcript: Letter = { kind: 'result', message: { id: 'a', vtt: 'WEBVTT\n\n', seconds: 2 } };
export const errorReport: Letter = { kind: 'error', message: { id: 'b', error: 'it is empty' } };
export const later: Extract<Answer, { kind: 'later' }> = {
  kind: 'later',
  reason: 'ECONNREFUSED',
  retryAfterMs: undefined,
};

export type Desk = {
  outbox: Outbox;
  sent: object[];
  events: WorkerEvent[];
  answerWith: (answer: Answer) => void;
  beforeAnswer: (step: () => Promise<void>) => void;
};

/** An outbox whose server answers as told. */
export async function desk(folder: TemporaryFolder, clock: Clock = hurriedClock()): Promise<Desk> {
  const sent: object[] = [];
  const events: WorkerEvent[] = [];
  let answer: Answer = { kind: 'accepted' };
  let meanwhile = (): Promise<void> => Promise.resolve();
  const send = async (message: object): Promise<Answer> => {
    sent.push(message);
    await meanwhile();
    return answer;
  };
  const outbox = await openOutbox({
    folder: folder.path,
    clock,
    report: (event) => events.push(event),
    client: { sendResult: send, sendError: send },
    chance: () => 0,
  });
  return {
    outbox,
    sent,
    events,
    answerWith: (next) => (answer = next),
    beforeAnswer: (step) => (meanwhile = step),
  };
}

/** Makes every letter in the folder look like that of another run. */
export async function giveTo(folder: TemporaryFolder, owner: string, from = ownToken): Promise<void> {
  for (const name of await lettersIn(folder.path)) {
    await rename(folder.join(name), folder.join(name.replace(from, owner)));
  }
}

/** Letters of a run that could not deliver them, and ended. */
export async function leaveBehind(folder: TemporaryFolder, ...letters: Letter[]): Promise<void> {
  const { outbox, answerWith } = await desk(folder);
  answerWith(later);
  for (const letter of letters) await outbox.post(letter, never);
  await giveTo(folder, endedRun);
}

export const endedRun = ownToken.replace(/-\d+-\d+$/u, '-999999999-1');

/** Names of the letters in a folder: those that wait, or those in `refused/`. */
export async function lettersIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.json'));
}
