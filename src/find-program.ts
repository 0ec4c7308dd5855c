/** Finds programs the way the system does when it starts them: by PATH, or by the path given. Starts nothing. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';

export type FoundProgram =
  | { kind: 'found'; file: string }
  | { kind: 'missing' }
  /** Something of that name is there, and may not be executed. */
  | { kind: 'forbidden' };

/**
 * @param file a name, or a path (which is taken from `folder` on).
 * @param searchPath the value of PATH.
 */
export async function findProgram(file: string, searchPath: string, folder = '.'): Promise<FoundProgram> {
  const candidates = file.includes(path.sep)
    ? [path.resolve(folder, file)]
    : searchPath.split(path.delimiter).map((entry) => path.resolve(folder, entry, file));
  let isThere = false;
  for (const candidate of candidates) {
    if (!(await isFile(candidate))) continue;
    if (await isExecutable(candidate)) return { kind: 'found', file: candidate };
    isThere = true;
  }
  return { kind: isThere ? 'forbidden' : 'missing' };
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
