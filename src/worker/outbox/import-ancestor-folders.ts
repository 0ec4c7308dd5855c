/**
 * Takes over what an ancestor's worker could not deliver: `processed_not_uploaded/ID.vtt` and `not_processed_failed_report/ID`
 * become letters. First the letter is durable, then the original moves to `imported/` beside it; it is never deleted. A letter's
 * name comes from what it says, so that doing it again, also after a kill between the two steps, imports nothing twice.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, systemErrorCode } from '../../app-error.ts';
import { printable } from '../../printable.ts';
import { longestBodyBytes } from '../../protocol/wire.ts';
import type { Report } from '../worker-event.ts';
import { type Letter, letterFileName, letterStem, noOwner, parseLetterName } from './letter.ts';
import { filesIn, openLetterFiles, refusedFolderOf } from './letter-files.ts';

export type ImportOptions = {
  /** Where the ancestor's folders may lie: its working directory. One that is named twice is looked at once more, for nothing. */
  folders: readonly string[];
  outboxFolder: string;
  report: Report;
};

type Source = { name: string; letterOf: (fileName: string, text: string) => Letter | undefined };

/** As the ids of tasks are read from a server: see readLease in server-client. */
const taskId = /^[\w.~-]{1,128}$/u;

const sources: readonly Source[] = [
  {
    name: 'processed_not_uploaded',
    letterOf(fileName, vtt) {
      const id = fileName.endsWith('.vtt') ? fileName.slice(0, -'.vtt'.length) : '';
      return taskId.test(id) && vtt !== '' ? { kind: 'result', message: { id, vtt } } : undefined;
    },
  },
  {
    name: 'not_processed_failed_report',
    letterOf(id, error) {
      if (!taskId.test(id)) return undefined;
      return { kind: 'error', message: error.trim() === '' ? { id } : { id, error: error.slice(0, 20_000) } };
    },
  },
];

/** Never throws: what cannot be taken over stays where it is, and is told. @returns letters that were taken over. */
export async function importAncestorFolders({ folders, outboxFolder, report }: ImportOptions): Promise<number> {
  let count = 0;
  for (const folder of new Set(folders)) {
    for (const source of sources) {
      const place = path.join(folder, source.name);
      try {
        count += await importFolder(place, source, outboxFolder, report);
      } catch (error) {
        report({ event: 'warning', message: `${place} cannot be taken over: ${printable(messageOf(error))}` });
      }
    }
  }
  return count;
}

async function importFolder(place: string, source: Source, outboxFolder: string, report: Report): Promise<number> {
  const names = await namesIn(place);
  if (names.length === 0) return 0;
  const importedFolder = path.join(place, 'imported');
  // Before anything is written: where originals cannot be moved they would be imported with every start.
  await mkdir(importedFolder, { recursive: true });
  if (!(await lstat(importedFolder)).isDirectory()) throw new Error(`${importedFolder} is no directory`);
  const files = openLetterFiles(outboxFolder, report);
  const marksThere = await listMarks(outboxFolder);
  const left: string[] = [];
  let count = 0;
  for (const fileName of names) {
    const file = path.join(place, fileName);
    const read = await readSmallFile(file);
    const letter = read === undefined ? undefined : source.letterOf(fileName, read.text);
    if (read === undefined || letter === undefined) {
      left.push(fileName);
      continue;
    }
    const mark = createHash('sha256').update(JSON.stringify(letter)).digest('hex').slice(0, 32);
    const name = letterFileName(letterStem(read.changedAtMs, mark), noOwner);
    const isNew = !marksThere.has(mark);
    if (isNew) await files.write({ name, letter });
    try {
      await rename(file, await freeName(importedFolder, fileName, mark));
      count += 1;
    } catch (error) {
      const isTaken = systemErrorCode(error) === 'ENOENT';
      // Where it cannot be moved, the letter would come with every start. Where another worker has moved it, one letter is enough.
      const isLeftOut = isNew && (!isTaken || (await hasTwin(outboxFolder, name, mark)));
      if (isLeftOut) await rm(path.join(outboxFolder, name), { force: true });
      if (!isTaken) throw error;
    }
  }
  tell(place, count, left, report);
  return count;
}

function tell(place: string, count: number, left: readonly string[], report: Report): void {
  if (count > 0) {
    const message = `${count} letter(s) that an earlier worker left in ${place} were put into the outbox; the files lie in "imported" there now.`;
    report({ event: 'warning', message });
  }
  if (left.length > 0) {
    const shown = left.slice(0, 5).map((name) => printable(JSON.stringify(name)));
    const more = left.length > shown.length ? `, and ${left.length - shown.length} more` : '';
    const message = `Left as they are in ${place}, since they are no transcripts or reports that a server could take: ${shown.join(', ')}${more}`;
    report({ event: 'warning', message });
  }
}

/** Without what is hidden, and without our own folder. None where there is no such folder, or what has its name is none. */
async function namesIn(place: string): Promise<string[]> {
  try {
    const names = await readdir(place);
    return names.filter((name) => !name.startsWith('.') && name !== 'imported').toSorted();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return [];
    throw error;
  }
}

/** Undefined for a link, a directory, a pipe, what is too large to be sent, what is not UTF-8, what is gone or cannot be read. */
async function readSmallFile(file: string): Promise<{ text: string; changedAtMs: number } | undefined> {
  try {
    // A pipe that nobody writes to would never open.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile() || found.size > longestBodyBytes) return undefined;
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await handle.readFile());
    return { text, changedAtMs: found.mtimeMs };
  } catch {
    return undefined;
  }
}

/** Of the letters that wait or were refused; one that was imported has its mark from what it says. */
async function listMarks(outboxFolder: string): Promise<Set<string>> {
  const names = [...(await filesIn(outboxFolder)), ...(await filesIn(refusedFolderOf(outboxFolder)))];
  return new Set(names.map((name) => parseLetterName(name)?.stem.split('-')[1] ?? ''));
}

/** Whether the same letter is there already as somebody's. */
async function hasTwin(outboxFolder: string, name: string, mark: string): Promise<boolean> {
  return (await filesIn(outboxFolder)).some(
    (other) => other !== name && parseLetterName(other)?.stem.endsWith(`-${mark}`),
  );
}

/** Where the name is taken, one that only the same words may have taken. */
async function freeName(folder: string, fileName: string, mark: string): Promise<string> {
  const file = path.join(folder, fileName);
  const found = await lstat(file).catch(() => undefined);
  return found === undefined ? file : `${file}.${mark.slice(0, 8)}`;
}
