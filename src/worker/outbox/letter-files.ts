/**
 * The files of the outbox: letters that wait, and `refused/` with those that the server will never take. A letter is one file at
 * any moment, whole or absent, also after a power cut; workers may share the folder, and a file's name says whose letter it is.
 * Taking a letter away is not fsynced: where a power cut brings it back it is delivered again, which does no harm.
 */
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, systemErrorCode } from '../../app-error.ts';
import { syncDirectory, temporarySuffix } from '../../atomic-file.ts';
import { printable } from '../../printable.ts';
import { hasOwnerEnded, ownToken } from '../process-owner.ts';
import type { Report } from '../worker-event.ts';
import { type Letter, letterFileName, noOwner, parseLetter, parseLetterName } from './letter.ts';

/** A letter on disk. */
export type PostedLetter = { name: string; letter: Letter };

/** Another machine's worker touches its letters with every try, at least once a minute. */
export const foreignPatienceMs = 600_000;

/** The transcript of a day, with everything in it escaped, is far shorter. */
export const longestLetterBytes = 64 * 1024 * 1024;

export const refusedFolderOf = (folder: string): string => path.join(folder, 'refused');

export type LetterFiles = {
  /** Also where somebody took them away. @throws system error. */
  makeFolders: () => Promise<void>;
  /** Removes what runs that ended were writing. @throws system error where the folder cannot be read. */
  sweep: () => Promise<void>;
  /** @throws system error. */
  write: (posted: PostedLetter) => Promise<void>;
  /** Undefined for what is no letter: it is set aside, or left as it is, and told. */
  read: (name: string) => Promise<PostedLetter | undefined>;
  remove: (name: string) => Promise<void>;
  /** Keeps it in `refused/`, with the reason. @returns the file. @throws system error where it stays where it was. */
  setAside: (name: string, content: object, reason: string) => Promise<string>;
  /** Leaves an odd file where it is until the next start, and says so. */
  leaveAlone: (name: string, error: unknown) => void;
  /** Own letters, and those of runs that ended, which become own. Oldest first. @throws where the folder cannot be read. */
  listOwn: () => Promise<string[]>;
  /** Shows workers of other machines that somebody sees to these. */
  touch: (names: readonly string[]) => Promise<void>;
};

export function openLetterFiles(folder: string, report: Report): LetterFiles {
  const refusedFolder = refusedFolderOf(folder);
  const leftAlone = new Set<string>();

  const makeFolders = async (): Promise<void> => {
    await mkdir(refusedFolder, { recursive: true, mode: 0o700 });
  };

  const leaveAlone = (name: string, error: unknown): void => {
    leftAlone.add(name);
    const message = `${path.join(folder, name)} in the outbox is left as it is: ${printable(messageOf(error))}`;
    report({ event: 'warning', message });
  };

  const setAside = async (name: string, content: object, reason: string): Promise<string> => {
    const file = path.join(refusedFolder, name);
    await makeFolders();
    try {
      // First the reason, then the place: so there is one file of it whenever this is killed.
      await writeWhole(folder, name, JSON.stringify({ reason, ...content }));
    } catch {
      // A full disk: kept without the reason, rather than tried for ever.
    }
    await rename(path.join(folder, name), file);
    return file;
  };

  const setGarbageAside = async (name: string, bytes: Buffer): Promise<void> => {
    const text = bytes.toString('utf8');
    const content = Buffer.from(text).equals(bytes) ? { text } : { base64: bytes.toString('base64') };
    await setAside(name, content, 'not a letter');
    report({ event: 'warning', message: `A file in the outbox is not a letter. It is kept in ${refusedFolder}.` });
  };

  return {
    makeFolders,
    leaveAlone,
    setAside,
    sweep: async () => {
      await sweepFolder(folder);
      await sweepFolder(refusedFolder);
    },

    async write({ name, letter }) {
      await makeFolders();
      await writeWhole(folder, name, JSON.stringify(letter));
    },

    async read(name) {
      try {
        const file = path.join(folder, name);
        const { size } = await stat(file);
        if (size > longestLetterBytes) throw new Error(`it has ${size} bytes, and no letter has so many`);
        const bytes = await readFile(file);
        const letter = parseLetter(bytes.toString('utf8'));
        if (letter !== undefined) return { name, letter };
        await setGarbageAside(name, bytes);
      } catch (error) {
        leaveAlone(name, error);
      }
      return undefined;
    },

    remove: (name) => rm(path.join(folder, name), { force: true }),

    async listOwn() {
      const names = (await filesIn(folder)).filter((name) => parseLetterName(name) !== undefined);
      const own = await Promise.all(
        names.toSorted().map(async (name) => {
          if (leftAlone.has(name)) return undefined;
          try {
            return await adopt(folder, name);
          } catch (error) {
            return leaveAlone(name, error);
          }
        }),
      );
      return own.filter((name) => typeof name === 'string');
    },

    async touch(names) {
      const now = new Date();
      // One that cannot be touched is told of when it is read.
      await Promise.all(names.map((name) => utimes(path.join(folder, name), now, now).catch(() => {})));
    },
  };
}

/** What is no regular file (a directory, a pipe, a link) is no letter. A folder that was taken away holds none. */
export async function filesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Replaces a file or makes it; a reader sees all of it or none. Not writeFileAtomic, because the name of what is half-written must
 * say whose it is.
 */
async function writeWhole(folder: string, name: string, text: string): Promise<void> {
  const stem = parseLetterName(name)?.stem ?? name;
  const temporary = path.join(folder, `.${letterFileName(stem, ownToken)}${temporarySuffix}`);
  try {
    await writeFile(temporary, text, { flag: 'wx', mode: 0o600, flush: true });
    await rename(temporary, path.join(folder, name));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncDirectory(folder);
}

async function sweepFolder(folder: string): Promise<void> {
  for (const name of await filesIn(folder)) {
    if (!name.endsWith(temporarySuffix)) continue;
    const owner = parseLetterName(name.slice(1, -temporarySuffix.length))?.owner ?? 'unknown';
    const file = path.join(folder, name);
    // One that cannot be removed now does no harm: it is no letter.
    if (owner !== ownToken && hasOwnerEnded(owner, await silentMs(file), foreignPatienceMs)) {
      await rm(file, { force: true }).catch(() => {});
    }
  }
}

/** The name under which the letter is ours, or undefined when it is a living worker's. */
async function adopt(folder: string, name: string): Promise<string | undefined> {
  const { stem, owner } = parseLetterName(name) ?? { stem: '', owner: '' };
  if (owner === ownToken) return name;
  const ownName = letterFileName(stem, ownToken);
  try {
    const { mtimeMs } = await stat(path.join(folder, name));
    if (owner !== noOwner && !hasOwnerEnded(owner, Date.now() - mtimeMs, foreignPatienceMs)) return undefined;
    await rename(path.join(folder, name), path.join(folder, ownName));
    return ownName;
  } catch (error) {
    // Another worker was quicker.
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Since it was last touched. 0 where it is gone by now. */
async function silentMs(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? 0 : Date.now() - found.mtimeMs;
}
