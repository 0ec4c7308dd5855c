/** A data folder that belongs to somebody else, as a rule to the user of a service: says whose it is, and what to type. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemErrorCode } from '../../app-error.ts';
import { exitCodes } from '../../exit-codes.ts';
import { printable } from '../../printable.ts';

/** Does what `work` does. @throws AppError STT_NOT_YOURS where this user may not. */
export async function explainForbidden<T>(dataFolder: string, command: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error;
    const user = await ownerOf(dataFolder);
    throw new AppError(`The worker's data folder ${dataFolder} belongs to ${user ?? 'another user'}.`, {
      code: 'STT_NOT_YOURS',
      hint: `Use sudo: sudo ${user === undefined ? '' : `-u ${quoted(user)} `}env STT_DATA_DIR=${quoted(dataFolder)} ${command}`,
      exitCode: exitCodes.noPermission,
      cause: error,
    });
  }
}

export const quoted = (text: string): string =>
  /^[\w./-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Of the worker's own folder, or of the nearest one that can be seen. */
async function ownerOf(dataFolder: string): Promise<string | undefined> {
  for (const folder of [path.join(dataFolder, 'worker', 'control'), path.join(dataFolder, 'worker'), dataFolder]) {
    try {
      const { uid } = await stat(folder);
      if (uid !== process.getuid?.()) return await nameOf(uid);
    } catch {
      // Not to be seen; the one above may be.
    }
  }
  return undefined;
}

/** sudo takes `#1000` too. */
export async function nameOf(uid: number): Promise<string> {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const fields = users.split('\n').map((line) => line.split(':'));
  return printable(fields.find(([, , id]) => id === String(uid))?.[0] ?? `#${uid}`);
}
