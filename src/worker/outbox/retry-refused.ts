/**
 * Gives what the server refused another chance: from `refused/` back to the letters that wait. One rename each, so a letter is in
 * one place whenever this is killed; what is refused again goes back. What is no letter stays.
 */
import { readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../../app-error.ts';
import { ownToken } from '../process-owner.ts';
import { letterFileName, parseLetter, parseLetterName } from './letter.ts';
import { filesIn, refusedFolderOf } from './letter-files.ts';

/** @returns how many are to be tried again, and how many files are no letters. @throws system error. */
export async function retryRefused(folder: string): Promise<{ retried: number; garbage: number }> {
  const refusedFolder = refusedFolderOf(folder);
  const count = { retried: 0, garbage: 0 };
  for (const name of (await filesIn(refusedFolder)).toSorted()) {
    const found = parseLetterName(name);
    if (found === undefined) continue;
    const file = path.join(refusedFolder, name);
    try {
      if (parseLetter(await readFile(file, 'utf8')) === undefined) {
        count.garbage += 1;
        continue;
      }
      await rename(file, path.join(folder, letterFileName(found.stem, ownToken)));
      count.retried += 1;
    } catch (error) {
      // Somebody else does the same.
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
  }
  return count;
}
