/**
 * Writes transcripts and error reports out of the outbox for a person: `ID.vtt`, `ID.error.txt`. Takes nothing away and overwrites
 * nothing; doing it again writes nothing new. An id is a server's word: what it may do in a file name is decided here.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf, systemErrorCode } from '../../app-error.ts';
import { createFileAtomic } from '../../atomic-file.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { Letter } from './letter.ts';
import type { ListedLetter } from './list-letters.ts';

export type Exported = {
  /** Undefined where the file in the outbox is no letter. */
  task: string | undefined;
  file: string;
  /** `kept`: the same bytes lie there already. */
  outcome: 'written' | 'kept' | 'not a letter';
};

/** @throws AppError STT_EXPORT where something cannot be written. @param isDryRun says what would be done, and does nothing. */
export async function exportLetters(
  letters: readonly ListedLetter[],
  folder: string,
  isDryRun: boolean,
): Promise<Exported[]> {
  try {
    if (!isDryRun) await mkdir(folder, { recursive: true });
    const exported: Exported[] = [];
    const planned = new Map<string, string>();
    for (const { letter, file } of letters) {
      exported.push(
        letter === undefined
          ? { task: undefined, file, outcome: 'not a letter' }
          : await exportOne(letter, folder, isDryRun, planned),
      );
    }
    return exported;
  } catch (error) {
    const isForbidden = ['EACCES', 'EPERM'].includes(systemErrorCode(error) ?? '');
    throw new AppError(`Nothing more can be written to ${folder}: ${messageOf(error)}.`, {
      code: 'STT_EXPORT',
      hint: 'Name another folder, in which this user may write; what is there already stays.',
      exitCode: isForbidden ? exitCodes.noPermission : exitCodes.ioError,
      cause: error,
    });
  }
}

/** @param planned what a dry run would have written so far: its text, by file. */
async function exportOne(
  letter: Letter,
  folder: string,
  isDryRun: boolean,
  planned: Map<string, string>,
): Promise<Exported> {
  const task = letter.message.id;
  const text = letter.kind === 'result' ? letter.message.vtt : `${letter.message.error ?? 'no reason was given'}\n`;
  const ending = letter.kind === 'result' ? '.vtt' : '.error.txt';
  const stem = safeStem(task);
  // The second name is for another text under the same id: there may be one that waits and one that was refused.
  for (const name of [stem + ending, `${stem}.${shortHash(text)}${ending}`]) {
    const file = path.join(folder, name);
    const there = planned.get(file) ?? (await textOf(file));
    if (there === text) return { task, file, outcome: 'kept' };
    if (there !== undefined) continue;
    if (isDryRun) planned.set(file, text);
    else if (!(await createFileAtomic(file, text))) continue;
    return { task, file, outcome: 'written' };
  }
  throw new Error(`the names for task ${task} are taken by other files`);
}

/** Undefined where nothing has this name; null where something has that is no readable file. */
async function textOf(file: string): Promise<string | null | undefined> {
  try {
    const found = await lstat(file);
    return found.isFile() ? await readFile(file, 'utf8') : null;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** A name that stays in its folder, is not hidden, is no option, and is not too long. Different ids have different ones. */
export function safeStem(id: string): string {
  const safe = id
    .replaceAll(/[^\w.~-]/gu, '_')
    .replace(/^[.~-]+/u, '_')
    .slice(0, 100);
  return safe === id ? safe : `${safe}-${shortHash(id)}`;
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);
