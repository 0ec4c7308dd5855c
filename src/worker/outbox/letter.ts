/** A letter: what the server is to be told, as it lies in the outbox, and what its file name says. Pure. */
import { z } from 'zod';
import { errorMessage, resultMessage } from '../../protocol/messages.ts';

const letterSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('result'), message: resultMessage }),
  z.object({ kind: z.literal('error'), message: errorMessage }),
]);

/** What the server is to be told. */
export type Letter = z.infer<typeof letterSchema>;

/** Undefined where it is none. One that was refused, and has its reason beside it, is one still. */
export function parseLetter(text: string): Letter | undefined {
  return letterSchema.safeParse(parseJson(text)).data;
}

/** Why it was refused; undefined where nothing says so. */
export function parseReason(text: string): string | undefined {
  return z.object({ reason: z.string() }).safeParse(parseJson(text)).data?.reason;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export type LetterName = {
  /** Names the letter for good; the owner may change. */
  stem: string;
  postedAtMs: number;
  /** The run that delivers it: see process-owner. */
  owner: string;
};

const pattern = /^(?<stem>(?<time>\d{1,15})-\w+)\.(?<owner>[\w-]+)\.json$/u;

/** Undefined for any other file. */
export function parseLetterName(name: string): LetterName | undefined {
  const found = pattern.exec(name)?.groups;
  if (found === undefined) return undefined;
  return { stem: found['stem'] ?? '', postedAtMs: Number(found['time']), owner: found['owner'] ?? '' };
}

/** Sorts by time. @param mark letters and digits that no other letter of that moment has. */
export function letterStem(postedAtMs: number, mark: string): string {
  return `${String(Math.max(0, Math.floor(postedAtMs))).padStart(15, '0')}-${mark}`;
}

/** Stands for the owner of a letter that nobody has taken up yet. */
export const noOwner = 'nobody';

export const letterFileName = (stem: string, owner: string): string => `${stem}.${owner}.json`;
