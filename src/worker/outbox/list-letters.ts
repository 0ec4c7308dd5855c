/** What lies in an outbox, for people: reads only, so it may look while workers deliver. What is gone meanwhile is left out. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { diskError } from '../disk-error.ts';
import { hasOwnerEnded, ownToken } from '../process-owner.ts';
import { type Letter, noOwner, parseLetter, parseLetterName, parseReason } from './letter.ts';
import { filesIn, foreignPatienceMs, longestLetterBytes, refusedFolderOf } from './letter-files.ts';

/** Whose a waiting letter is: a worker's that runs on this machine, one's elsewhere, this run's; or nobody's, to be adopted. */
export type LetterOwner = 'this' | 'running' | 'elsewhere' | 'ended';

export type ListedLetter = {
  file: string;
  state: 'waiting' | 'refused';
  /** Undefined where the file is no letter; it is kept for a person to look at. */
  letter: Letter | undefined;
  postedAtMs: number;
  sizeBytes: number;
  owner: LetterOwner;
  /** Why it was refused. */
  reason: string | undefined;
};

export type Selection = { waiting: boolean; refused: boolean };

/** Oldest first, those that wait before those that were refused. @throws AppError STT_OUTBOX where the folder cannot be read. */
export async function listLetters(folder: string, selection: Selection): Promise<ListedLetter[]> {
  try {
    const waiting = selection.waiting ? await listFolder(folder, 'waiting') : [];
    const refused = selection.refused ? await listFolder(refusedFolderOf(folder), 'refused') : [];
    return [...waiting, ...refused];
  } catch (error) {
    throw diskError(`The outbox ${folder} cannot be read`, 'STT_OUTBOX', error);
  }
}

async function listFolder(folder: string, state: ListedLetter['state']): Promise<ListedLetter[]> {
  const listed: ListedLetter[] = [];
  for (const name of (await filesIn(folder)).toSorted()) {
    const found = parseLetterName(name);
    if (found === undefined) continue;
    const file = path.join(folder, name);
    const read = await readListed(file);
    if (read === undefined) continue;
    const { text, sizeBytes, silentMs } = read;
    listed.push({
      file,
      state,
      letter: parseLetter(text),
      postedAtMs: found.postedAtMs,
      sizeBytes,
      owner: ownerState(found.owner, silentMs),
      reason: parseReason(text),
    });
  }
  return listed;
}

/** Undefined where it was delivered in this moment, or cannot be read. */
async function readListed(file: string): Promise<{ text: string; sizeBytes: number; silentMs: number } | undefined> {
  try {
    const { size, mtimeMs } = await stat(file);
    const text = size > longestLetterBytes ? '' : await readFile(file, 'utf8');
    return { text, sizeBytes: size, silentMs: Date.now() - mtimeMs };
  } catch {
    return undefined;
  }
}

const machineOf = (owner: string): string => owner.replace(/-\d+-\d+$/u, '');

function ownerState(owner: string, silentMs: number): LetterOwner {
  if (owner === ownToken) return 'this';
  if (owner === noOwner || hasOwnerEnded(owner, silentMs, foreignPatienceMs)) return 'ended';
  return machineOf(owner) === machineOf(ownToken) ? 'running' : 'elsewhere';
}
