/** A settings file as it lies on the disk, or as systemd handed it over. Only reads. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { readCredential } from './credentials.ts';
import { type EnvRecord, parseEnvText } from './env-file.ts';

export type EnvFile = {
  file: string;
  record: EnvRecord;
  isThere: boolean;
  /** Its group or others may read it. */
  isOpen: boolean;
};

/** @throws AppError (exit 78) where it is there and cannot be read. */
export function readEnvFile(file: string): EnvFile {
  try {
    const record = parseEnvText(readFileSync(file, 'utf8'));
    return { file, record, isThere: true, isOpen: isOpen(statSync(file).mode) };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { file, record: {}, isThere: false, isOpen: false };
    throw unreadable(file, error);
  }
}

/**
 * A file that may be closed to the service itself: where systemd handed over its content as a credential of the same name, that is read,
 * and `file` says so. Who else may read it is judged of the file itself.
 * @throws AppError (exit 78) where it is there and cannot be read.
 */
export function readOwnEnvFile(file: string, credentialsFolder: string | undefined): EnvFile {
  const credential = readCredential(credentialsFolder, path.basename(file));
  if (credential === undefined) return readEnvFile(file);
  return { file: credential.file, record: parseEnvText(credential.text), isThere: true, isOpen: isFileOpen(file) };
}

function isFileOpen(file: string): boolean {
  try {
    return isOpen(statSync(file).mode);
  } catch {
    // It cannot be reached at all.
    return false;
  }
}

/** Windows has no such bits: it says that everybody may read everything. */
export const isOpen = (mode: number): boolean => process.platform !== 'win32' && (mode & 0o077) !== 0;

export function unreadable(file: string, error: unknown): AppError {
  return new AppError(`The settings file ${file} cannot be read: ${messageOf(error)}.`, {
    code: 'STT_ENV_FILE',
    hint: 'Make it readable for this user, or move it away.',
    exitCode: exitCodes.config,
    cause: error,
  });
}
