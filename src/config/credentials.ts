/** Credentials that systemd hands to a service as files (LoadCredential=): readable for it alone, in a folder of its own. Only reads. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';

export type Credential = { file: string; text: string };

/**
 * @param folder CREDENTIALS_DIRECTORY; undefined where there are none.
 * @returns undefined where there is none of that name.
 * @throws AppError (exit 78) where it is there and cannot be read.
 */
export function readCredential(folder: string | undefined, name: string): Credential | undefined {
  if (folder === undefined || folder === '') return undefined;
  const file = path.resolve(folder, name);
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new AppError(`The credential ${file} cannot be read: ${messageOf(error)}.`, {
      code: 'STT_CREDENTIAL',
      hint: `The unit hands it over with LoadCredential=${name}:FILE; see what it says there, and start the service again.`,
      exitCode: exitCodes.config,
      cause: error,
    });
  }
}

/** Each by the name of a setting, one value in a file; the line end that an editor puts there does not belong to it. */
export function secretCredentials(
  folder: string | undefined,
  names: readonly string[],
): { file: string; record: Record<string, string> }[] {
  return names.flatMap((name) => {
    const found = readCredential(folder, name);
    return found === undefined ? [] : [{ file: found.file, record: { [name]: found.text.replace(/\r?\n$/u, '') } }];
  });
}
