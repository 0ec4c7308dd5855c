/** A settings file as it lies on the disk. Only reads. */
import { readFileSync, statSync } from 'node:fs';
import { AppError, messageOf, systemErrorCode } from '../app-error.ts';
import { exitCodes } from '../exit-codes.ts';
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
