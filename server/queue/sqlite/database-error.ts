/** What is wrong with the database as a whole, for the person who runs the server: exit code 78, so that a unit does not restart it. */
import { AppError } from '../../../src/app-error.ts';
import { exitCodes } from '../../../src/exit-codes.ts';

export function databaseError(message: string, hint: string, cause?: unknown): AppError {
  return new AppError(message, { code: 'STT_DATABASE', hint, exitCode: exitCodes.config, cause });
}

export function damagedError(file: string, finding: string, cause?: unknown): AppError {
  return databaseError(
    `The task database ${file} is damaged: ${finding}.`,
    `Put a backup in its place (stt-server backup makes them), or move ${path(file)} away and start anew: transcripts lie in the library and stay; attempts and tokens are forgotten.`,
    cause,
  );
}

function path(file: string): string {
  return `it with ${file}-wal and ${file}-shm`;
}
